/**
 * On Windows a library names the program whose functions it calls, node.exe; what loads the addon may be VS Code's own
 * program. They are looked up when they are first called, in the program that runs. (With Visual C++, cmake-js brings
 * such a hook.)
 */
#if defined(__MINGW32__)
#include <windows.h>

#include <delayimp.h>
#include <string.h>

namespace {

FARPROC WINAPI from_host(unsigned event, DelayLoadInfo* info) {
  if (event != dliNotePreLoadLibrary || _stricmp(info->szDll, "node.exe") != 0) return nullptr;
  return reinterpret_cast<FARPROC>(GetModuleHandleW(nullptr));
}

}  // namespace

/** What the helper of delayed loading asks first; declared in delayimp.h. */
PfnDliHook __pfnDliNotifyHook2 = from_host;
#endif
