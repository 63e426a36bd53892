# vit_make_portable(TARGET): what is built on one Linux runs on older ones: those with glibc 2.28, as onnxruntime and
# libvips need. The C++ library is linked in, where a static one is there (unwinding stays libgcc_s's, which is
# everywhere); functions of the C library are asked for under their first names (src/portable/old_glibc.cc).
include(CheckCXXSourceCompiles)
include(CheckCXXSymbolExists)

function(vit_make_portable TARGET)
  if(NOT CMAKE_SYSTEM_NAME STREQUAL "Linux" OR VIT_ASAN)
    return()
  endif()
  # symbols found when the library is loaded, and read-only from then on
  target_link_options(${TARGET} PRIVATE -Wl,-z,relro,-z,now)
  if(CMAKE_BUILD_TYPE STREQUAL "Release")
    target_link_options(${TARGET} PRIVATE -s)
  endif()

  set(CMAKE_REQUIRED_LINK_OPTIONS -static-libstdc++)
  check_cxx_source_compiles("#include <string>\nint main(int n, char**) { return std::to_string(n).size() > 9; }" VIT_HAS_STATIC_CXX)
  unset(CMAKE_REQUIRED_LINK_OPTIONS)
  if(VIT_HAS_STATIC_CXX)
    target_link_options(${TARGET} PRIVATE -static-libstdc++ -Wl,--exclude-libs,ALL)
  endif()

  check_cxx_symbol_exists(__GLIBC__ features.h VIT_HAS_GLIBC)
  if(VIT_HAS_GLIBC AND CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|aarch64|arm64)$")
    target_sources(${TARGET} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/src/portable/old_glibc.cc)
    set(VIT_RENAMED exp pow log log2 fstat fstat64 pthread_create pthread_join pthread_once __pthread_key_create
                    pthread_setaffinity_np pthread_getaffinity_np)
    foreach(NAME ${VIT_RENAMED})
      target_link_options(${TARGET} PRIVATE -Wl,--wrap=${NAME})
    endforeach()
  endif()
endfunction()
