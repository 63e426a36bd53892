#include "weights/mapped_file.h"

#include "error.h"

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#else
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#endif

namespace vit {

const unsigned char* MappedFile::bytes(int64_t begin, int64_t end) const {
  if (begin < 0 || end < begin || end > size_)
    throw Error::file(
        sentence("{0} is shorter than its header says: bytes {1} to {2} of {3}.", path_, begin, end, size_));
  return data_ + begin;
}

void MappedFile::check_unchanged() const {
  const Stamp now = stamp();
  if (now.size != size_ || now.changed != changed_)
    throw Error::file(sentence("{0} changed while it was being read.", path_));
}

#if defined(_WIN32)

namespace {

std::wstring wide(const std::string& utf8) {
  const int length = MultiByteToWideChar(CP_UTF8, 0, utf8.c_str(), -1, nullptr, 0);
  std::wstring text(length > 0 ? length - 1 : 0, L'\0');
  if (length > 1) MultiByteToWideChar(CP_UTF8, 0, utf8.c_str(), -1, text.data(), length);
  return text;
}

}  // namespace

MappedFile::MappedFile(const std::string& path) : path_(path) {
  // No FILE_SHARE_WRITE: while it is mapped nobody can cut the file short.
  file_ = CreateFileW(wide(path).c_str(), GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_DELETE, nullptr, OPEN_EXISTING,
                      FILE_FLAG_SEQUENTIAL_SCAN, nullptr);
  if (file_ == INVALID_HANDLE_VALUE) {
    file_ = nullptr;
    throw Error::file(sentence("{0} cannot be opened (Windows error {1}).", path, GetLastError()));
  }
  const Stamp first = stamp();
  size_ = first.size;
  changed_ = first.changed;
  if (size_ == 0) return;
  mapping_ = CreateFileMappingW(file_, nullptr, PAGE_READONLY, 0, 0, nullptr);
  data_ = mapping_ ? static_cast<const unsigned char*>(MapViewOfFile(mapping_, FILE_MAP_READ, 0, 0, 0)) : nullptr;
  if (!data_) {
    const DWORD reason = GetLastError();
    if (mapping_) CloseHandle(mapping_);
    CloseHandle(file_);
    throw Error::file(sentence("{0} cannot be mapped (Windows error {1}).", path, reason));
  }
}

MappedFile::~MappedFile() {
  if (data_) UnmapViewOfFile(data_);
  if (mapping_) CloseHandle(mapping_);
  if (file_) CloseHandle(file_);
}

MappedFile::Stamp MappedFile::stamp() const {
  BY_HANDLE_FILE_INFORMATION info{};
  if (!GetFileInformationByHandle(file_, &info)) return {0, 0};
  const auto join = [](DWORD high, DWORD low) {
    return static_cast<int64_t>((static_cast<uint64_t>(high) << 32) | low);
  };
  return {join(info.nFileSizeHigh, info.nFileSizeLow),
          join(info.ftLastWriteTime.dwHighDateTime, info.ftLastWriteTime.dwLowDateTime)};
}

void MappedFile::release(int64_t, int64_t) const {}

#else

namespace {

Sentence not_regular(const std::string& path, mode_t mode) {
  if (S_ISDIR(mode)) return sentence("{0} is a directory, not a file.", path);
  if (S_ISFIFO(mode)) return sentence("{0} is a named pipe, not a regular file.", path);
  if (S_ISSOCK(mode)) return sentence("{0} is a socket, not a regular file.", path);
  return sentence("{0} is a device, not a regular file.", path);
}

}  // namespace

MappedFile::MappedFile(const std::string& path) : path_(path) {
  // O_NONBLOCK: opening a named pipe would wait for somebody who writes
  file_ = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file_ < 0) throw Error::file(sentence("{0} cannot be opened: {1}.", path, std::strerror(errno)));
  struct stat info {};
  if (fstat(file_, &info) != 0 || !S_ISREG(info.st_mode)) {
    close(file_);
    throw Error::file(not_regular(path, info.st_mode));
  }
  const Stamp first = stamp();
  size_ = first.size;
  changed_ = first.changed;
  if (size_ == 0) return;
  void* mapped = mmap(nullptr, static_cast<size_t>(size_), PROT_READ, MAP_PRIVATE, file_, 0);
  if (mapped == MAP_FAILED) {
    const std::string reason = std::strerror(errno);
    close(file_);
    throw Error::file(sentence("{0} cannot be mapped: {1}.", path, reason));
  }
  madvise(mapped, static_cast<size_t>(size_), MADV_SEQUENTIAL);
  data_ = static_cast<const unsigned char*>(mapped);
}

MappedFile::~MappedFile() {
  if (data_) munmap(const_cast<unsigned char*>(data_), static_cast<size_t>(size_));
  close(file_);
}

MappedFile::Stamp MappedFile::stamp() const {
  struct stat info {};
  if (fstat(file_, &info) != 0) return {0, 0};
#if defined(__APPLE__)
  const auto& time = info.st_mtimespec;
#else
  const auto& time = info.st_mtim;
#endif
  return {static_cast<int64_t>(info.st_size), static_cast<int64_t>(time.tv_sec) * 1000000000 + time.tv_nsec};
}

void MappedFile::release(int64_t begin, int64_t end) const {
  const int64_t page = sysconf(_SC_PAGESIZE);
  const int64_t first = (begin + page - 1) / page * page;
  const int64_t last = end / page * page;
  if (last > first)
    madvise(const_cast<unsigned char*>(data_) + first, static_cast<size_t>(last - first), MADV_DONTNEED);
}

#endif

}  // namespace vit
