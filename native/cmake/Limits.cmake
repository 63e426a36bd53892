# limits.json is the one table of bounds; TypeScript imports it, C++ includes what is made of it here.
function(vit_write_limits JSON HEADER)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${JSON})
  file(READ ${JSON} TEXT)
  string(REGEX MATCHALL "\"[A-Za-z]+\": *[0-9]+" ENTRIES "${TEXT}")
  set(LINES "")
  foreach(ENTRY ${ENTRIES})
    string(REGEX REPLACE "\"([A-Za-z]+)\": *([0-9]+)" "constexpr int64_t \\1 = \\2;\n" LINE "${ENTRY}")
    string(APPEND LINES "${LINE}")
  endforeach()
  file(WRITE ${HEADER}.new
    "// Made of native/limits.json by native/cmake/Limits.cmake.\n#pragma once\n\n#include <cstdint>\n\nnamespace vit::limits {\n\n${LINES}\n}  // namespace vit::limits\n")
  configure_file(${HEADER}.new ${HEADER} COPYONLY)
endfunction()
