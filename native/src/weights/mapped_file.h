#pragma once

#include <cstdint>
#include <string>

namespace vit {

/** A file mapped read-only for as long as this object lives. Paths are UTF-8. */
class MappedFile {
 public:
  /** Throws ERR_FILE naming the file when it cannot be opened or mapped. */
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  const std::string& path() const { return path_; }
  int64_t size() const { return size_; }

  /** Bytes [begin, end) of the mapping; throws ERR_FILE when the file has no such bytes. */
  const unsigned char* bytes(int64_t begin, int64_t end) const;

  /**
   * Throws ERR_FILE when the file on disk is no longer the one that was mapped (its size or time of change differ):
   * reading a page that was cut off would end the process, so it is asked for before every large copy.
   */
  void check_unchanged() const;

  /** These bytes have been copied: let the system take their pages back, so that loading does not hold a file twice. */
  void release(int64_t begin, int64_t end) const;

 private:
  struct Stamp {
    int64_t size;
    int64_t changed;
  };
  Stamp stamp() const;

  std::string path_;
  int64_t size_ = 0;
  int64_t changed_ = 0;
  const unsigned char* data_ = nullptr;
#if defined(_WIN32)
  void* file_ = nullptr;
  void* mapping_ = nullptr;
#else
  int file_ = -1;
#endif
};

}  // namespace vit
