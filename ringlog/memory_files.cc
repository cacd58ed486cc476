#include "ringlog/memory_files.h"

#include <algorithm>
#include <cerrno>

#include "config/check.h"
#include "ringlog/frame.h"

namespace sallyport::ringlog {

Result<void> MemoryFiles::judged(Operation operation, const std::string& path) {
  const int code = judge_ ? judge_(operation, path) : 0;
  if (code != 0) return fail_errno("injected at " + path, code);
  return {};
}

uint64_t MemoryFiles::used() const {
  uint64_t used = 0;
  for (const auto& [path, file] : files_) used += file->data.size();
  return used;
}

void MemoryFiles::mark(File& file, size_t from, size_t to) {
  file.dirty_from = std::min(file.dirty_from, from);
  file.dirty_to = std::max(file.dirty_to, to);
}

Result<void> MemoryFiles::grow(File& file, uint64_t size) {
  const size_t old = file.data.size();
  if (size <= old) return {};
  if (capacity_ != 0 && used() + (size - old) > capacity_) return fail_errno("write " + file.path, ENOSPC);
  file.data.resize(size);
  mark(file, old, size);
  return {};
}

void MemoryFiles::crash(std::mt19937_64& random) {
  for (auto& [path, file] : files_) {
    if (file->dirty_from < file->dirty_to) {
      // A size that was not synced may be there or not.
      if (random() % 2 == 0) file->data.resize(file->synced.size());
      file->synced.resize(file->data.size());
      const size_t to = std::min(file->dirty_to, file->data.size());
      for (size_t at = file->dirty_from / sector_size * sector_size; at < to; at += sector_size) {
        const size_t end = std::min(at + sector_size, file->data.size());
        if (random() % 2 == 0)
          std::copy(file->synced.begin() + at, file->synced.begin() + end, file->data.begin() + at);
      }
    }
    file->synced = file->data;
    file->dirty_from = SIZE_MAX;
    file->dirty_to = 0;
  }
  open_.clear();
}

Result<Files::Handle> MemoryFiles::create(const std::string& path, unsigned) {
  if (auto result = judged(Operation::Create, path); !result)
    return std::unexpected(std::move(result.error()));
  if (files_.contains(path)) return fail_errno("create " + path, EEXIST);
  auto file = std::make_shared<File>();
  file->path = path;
  files_[path] = file;
  open_[next_] = std::move(file);
  return next_++;
}

Result<Files::Handle> MemoryFiles::open(const std::string& path) {
  if (auto result = judged(Operation::Open, path); !result) return std::unexpected(std::move(result.error()));
  const auto found = files_.find(path);
  if (found == files_.end()) return fail_errno("open " + path, ENOENT);
  open_[next_] = found->second;
  return next_++;
}

Result<size_t> MemoryFiles::write(Handle handle, Bytes bytes, uint64_t offset) {
  File& file = *open_.at(handle);
  const int code = judge_ ? judge_(Operation::Write, file.path) : 0;
  if (code == short_write && bytes.size() > 1) bytes = bytes.first(bytes.size() / 2);
  if (code > 0) return fail_errno("write " + file.path, code);
  if (auto grown = grow(file, offset + bytes.size()); !grown)
    return std::unexpected(std::move(grown.error()));
  std::copy(bytes.begin(), bytes.end(), file.data.begin() + static_cast<ptrdiff_t>(offset));
  mark(file, offset, offset + bytes.size());
  return bytes.size();
}

Result<void> MemoryFiles::allocate(Handle handle, uint64_t size) {
  File& file = *open_.at(handle);
  if (auto result = judged(Operation::Allocate, file.path); !result) return result;
  return grow(file, size);
}

Result<void> MemoryFiles::truncate(Handle handle, uint64_t size) {
  File& file = *open_.at(handle);
  if (auto result = judged(Operation::Truncate, file.path); !result) return result;
  mark(file, std::min<uint64_t>(size, file.data.size()), std::max<uint64_t>(size, file.data.size()));
  file.data.resize(size);
  return {};
}

Result<void> MemoryFiles::sync(Handle handle) {
  File& file = *open_.at(handle);
  const int code = judge_ ? judge_(Operation::Sync, file.path) : 0;
  if (code == skipped_sync) return {};
  Result<void> result;
  if (code != 0) result = fail_errno("injected at " + file.path, code);
  if (!result)
    file.data = file.synced;
  else if (file.synced.size() != file.data.size() || file.dirty_from < file.dirty_to) {
    file.synced.resize(file.data.size());
    const size_t from = std::min(file.dirty_from, file.data.size());
    const size_t to = std::max(from, std::min(file.dirty_to, file.data.size()));
    std::copy(file.data.begin() + static_cast<ptrdiff_t>(from),
              file.data.begin() + static_cast<ptrdiff_t>(to),
              file.synced.begin() + static_cast<ptrdiff_t>(from));
  }
  file.dirty_from = SIZE_MAX;
  file.dirty_to = 0;
  return result;
}

void MemoryFiles::close(Handle handle) { CHECK(open_.erase(handle) == 1); }

Result<void> MemoryFiles::rename(const std::string& from, const std::string& to) {
  if (auto result = judged(Operation::Rename, to); !result) return result;
  const auto found = files_.find(from);
  if (found == files_.end()) return fail_errno("rename " + from, ENOENT);
  found->second->path = to;
  files_[to] = found->second;
  files_.erase(from);
  return {};
}

Result<void> MemoryFiles::remove(const std::string& path) {
  if (auto result = judged(Operation::Remove, path); !result) return result;
  if (files_.erase(path) == 0) return fail_errno("remove " + path, ENOENT);
  return {};
}

Result<void> MemoryFiles::sync_directory(const std::string& path) {
  return judged(Operation::SyncDirectory, path);
}

Result<std::vector<FileInfo>> MemoryFiles::list(const std::string& directory) {
  if (auto result = judged(Operation::List, directory); !result)
    return std::unexpected(std::move(result.error()));
  std::vector<FileInfo> files;
  const std::string prefix = directory + "/";
  for (const auto& [path, file] : files_) {
    if (!path.starts_with(prefix) || path.find('/', prefix.size()) != std::string::npos) continue;
    files.push_back({.name = path.substr(prefix.size()), .size = file->data.size()});
  }
  return files;
}

Result<std::vector<std::byte>> MemoryFiles::read(const std::string& path, uint64_t offset,
                                                 uint64_t size_max) {
  if (auto result = judged(Operation::Read, path); !result) return std::unexpected(std::move(result.error()));
  const auto found = files_.find(path);
  if (found == files_.end()) return fail_errno("read " + path, ENOENT);
  const auto& data = found->second->data;
  const uint64_t from = std::min<uint64_t>(offset, data.size());
  const uint64_t to = from + std::min<uint64_t>(size_max, data.size() - from);
  return std::vector<std::byte>(data.begin() + static_cast<ptrdiff_t>(from),
                                data.begin() + static_cast<ptrdiff_t>(to));
}

}  // namespace sallyport::ringlog
