# One set of kernels for each instruction set; which one runs is decided at run time (kernels.cc). The files need GCC's vector
# extensions (GCC, Clang, clang-cl); without them the addon has BLAS alone.
set(VIT_PACKED_DIR ${CMAKE_CURRENT_LIST_DIR})
if(MSVC AND NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  get_target_property(VIT_CORE_FILES vit_core SOURCES)
  list(FILTER VIT_CORE_FILES EXCLUDE REGEX "/packed/")
  set_target_properties(vit_core PROPERTIES SOURCES "${VIT_CORE_FILES}")
  return()
endif()

target_compile_definitions(vit_core PUBLIC VIT_PACKED)
# ISO mode turns contraction off; without it a multiply and an add stay two instructions.
set(VIT_KERNEL_FLAGS -ffp-contract=fast)
# GCC 12 warns about its own _mm512_reduce_add_ps (GCC bug 105593).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  list(APPEND VIT_KERNEL_FLAGS -Wno-uninitialized -Wno-maybe-uninitialized)
endif()
# Clang does not know GCC's unroll pragma, and unrolls loops of constant length without it.
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  list(APPEND VIT_KERNEL_FLAGS -Wno-unknown-pragmas)
endif()
set(VIT_AVX2_FLAGS -mavx2 -mfma -mf16c)
set(VIT_AVX512_FLAGS ${VIT_AVX2_FLAGS} -mavx512f -mavx512bw -mavx512dq -mavx512vl)

function(vit_kernel_set NAME)
  set_source_files_properties(${VIT_PACKED_DIR}/kernels_${NAME}.cc PROPERTIES COMPILE_OPTIONS "${VIT_KERNEL_FLAGS};${ARGN}")
endfunction()

include(CheckCXXCompilerFlag)
check_cxx_compiler_flag(-mavxvnni VIT_HAS_AVX_VNNI_FLAG)

set(VIT_UNUSED_SETS avx2 avx2_vnni avx512 avx512_vnni)
vit_kernel_set(baseline)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64|amd64" AND NOT CMAKE_OSX_ARCHITECTURES MATCHES "arm64")
  target_compile_definitions(vit_core PRIVATE VIT_PACKED_X86)
  set(VIT_UNUSED_SETS avx2_vnni)
  vit_kernel_set(avx2 ${VIT_AVX2_FLAGS})
  vit_kernel_set(avx512 ${VIT_AVX512_FLAGS})
  vit_kernel_set(avx512_vnni ${VIT_AVX512_FLAGS} -mavx512vnni)
  if(VIT_HAS_AVX_VNNI_FLAG)
    target_compile_definitions(vit_core PRIVATE VIT_PACKED_AVX_VNNI)
    vit_kernel_set(avx2_vnni ${VIT_AVX2_FLAGS} -mavxvnni)
    set(VIT_UNUSED_SETS)
  endif()
endif()
foreach(VIT_SET ${VIT_UNUSED_SETS})
  set_source_files_properties(${VIT_PACKED_DIR}/kernels_${VIT_SET}.cc PROPERTIES HEADER_FILE_ONLY ON)
endforeach()

if(VIT_TESTS)
  file(GLOB VIT_PACKED_TESTS CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/../test/native/packed/*.cc)
  add_executable(vit_packed_tests EXCLUDE_FROM_ALL ${VIT_PACKED_TESTS})
  target_link_libraries(vit_packed_tests PRIVATE vit_core)
endif()
