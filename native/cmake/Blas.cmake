# vit_blas: the platform's BLAS with its C interface (cblas). Accelerate on macOS, OpenBLAS elsewhere.
add_library(vit_blas INTERFACE)

if(APPLE)
  find_library(VIT_ACCELERATE Accelerate)
  if(NOT VIT_ACCELERATE)
    message(FATAL_ERROR "The Accelerate framework was not found. Install the command line tools: xcode-select --install")
  endif()
  target_link_libraries(vit_blas INTERFACE ${VIT_ACCELERATE})
  target_compile_definitions(vit_blas INTERFACE VIT_BLAS_ACCELERATE ACCELERATE_NEW_LAPACK)
  return()
endif()

# OpenBLAS holds its kernels once for every processor of the last twenty years, 25 MB. One set for each instruction set is
# enough: what asks for another processor's table gets that of the newest kept one whose instructions it has.
include(CheckCXXSourceCompiles)
function(vit_choose_blas_kernels)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
    set(SETS PRESCOTT SANDYBRIDGE HASWELL SKYLAKEX)
    set(PRESCOTT CORE2 PENRYN DUNNINGTON ATOM NANO OPTERON OPTERON_SSE3 BARCELONA BOBCAT NEHALEM) # SSE3
    set(SANDYBRIDGE BULLDOZER PILEDRIVER STEAMROLLER)                                             # AVX
    set(HASWELL EXCAVATOR ZEN)                                                                    # AVX2 and FMA
    set(SKYLAKEX COOPERLAKE SAPPHIRERAPIDS)                                                       # AVX-512
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
    set(SETS CORTEXA57 NEOVERSEN1)
    set(CORTEXA57 ARMV8 CORTEXA53 CORTEXA55 CORTEXA72 CORTEXA73 FALKOR THUNDERX THUNDERX2T99 EMAG8180) # Armv8.0
    set(NEOVERSEN1 NEOVERSEV1 NEOVERSEN2 TSV110 THUNDERX3T110 CORTEXX1 CORTEXX2 CORTEXA710)            # Armv8.2
  else()
    return()
  endif()
  foreach(KEPT ${SETS})
    foreach(NAME ${${KEPT}})
      list(APPEND OPTIONS -Wl,--wrap=gotoblas_${NAME} -Wl,--defsym=__wrap_gotoblas_${NAME}=gotoblas_${KEPT})
    endforeach()
  endforeach()
  # a library built for one processor, or without one of the kept sets, is taken as it is
  set(CMAKE_REQUIRED_LIBRARIES ${VIT_OPENBLAS_STATIC} Threads::Threads m)
  set(CMAKE_REQUIRED_LINK_OPTIONS ${OPTIONS})
  check_cxx_source_compiles("extern \"C\" char* openblas_get_corename(void);\nint main() { return openblas_get_corename()[0]; }"
                            VIT_HAS_BLAS_KERNELS)
  if(VIT_HAS_BLAS_KERNELS)
    target_link_options(vit_blas INTERFACE ${OPTIONS})
  endif()
endfunction()

set(VIT_BLAS_HINT "On Debian/Ubuntu: sudo apt-get install libopenblas-dev; on Fedora: sudo dnf install openblas-devel; \
on Windows: vcpkg install openblas, then set OpenBLAS_HOME to its folder (the one with include and lib).")

find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  pkg_check_modules(VIT_OPENBLAS QUIET IMPORTED_TARGET openblas)
endif()
# Inside the addon where that is possible: who installs the packaged extension need not have OpenBLAS.
option(VIT_STATIC_BLAS "Link OpenBLAS statically when a static library is there (Linux)" ON)
if(VIT_STATIC_BLAS AND CMAKE_SYSTEM_NAME STREQUAL "Linux")
  find_library(VIT_OPENBLAS_STATIC NAMES libopenblas.a HINTS ${VIT_OPENBLAS_LIBRARY_DIRS}
               PATH_SUFFIXES openblas-pthread openblas-serial)
endif()
if(VIT_OPENBLAS_FOUND AND VIT_OPENBLAS_STATIC)
  target_include_directories(vit_blas SYSTEM INTERFACE ${VIT_OPENBLAS_INCLUDE_DIRS})
  # its symbols stay inside: another OpenBLAS in the same process is another library
  target_link_libraries(vit_blas INTERFACE ${VIT_OPENBLAS_STATIC} m)
  target_link_options(vit_blas INTERFACE -Wl,--exclude-libs,libopenblas.a -Wl,--gc-sections)
  vit_choose_blas_kernels()
elseif(VIT_OPENBLAS_FOUND)
  target_link_libraries(vit_blas INTERFACE PkgConfig::VIT_OPENBLAS)
else()
  find_path(VIT_CBLAS_INCLUDE cblas.h HINTS $ENV{OpenBLAS_HOME}/include
            PATH_SUFFIXES openblas openblas-pthread openblas-openmp)
  find_library(VIT_OPENBLAS_LIBRARY NAMES openblas libopenblas HINTS $ENV{OpenBLAS_HOME}/lib
               PATH_SUFFIXES openblas-pthread openblas-openmp)
  if(NOT VIT_CBLAS_INCLUDE OR NOT VIT_OPENBLAS_LIBRARY)
    message(FATAL_ERROR "OpenBLAS was not found. ${VIT_BLAS_HINT}")
  endif()
  target_include_directories(vit_blas INTERFACE ${VIT_CBLAS_INCLUDE})
  target_link_libraries(vit_blas INTERFACE ${VIT_OPENBLAS_LIBRARY})
endif()
target_compile_definitions(vit_blas INTERFACE VIT_BLAS_OPENBLAS)
