#include "accounts/users_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/file.hpp"
#include "conf/load.hpp"

namespace postern::accounts {
namespace {

// Gives the new file the owner and the group of the old one, where there is one, and the group's rights.
bool take_rights(int number, const std::string& old) {
  struct stat was {};
  if (::stat(old.c_str(), &was) != 0) return errno == ENOENT;
  struct stat is {};
  if (::fstat(number, &is) != 0) return false;
  const bool is_same = was.st_uid == is.st_uid && was.st_gid == is.st_gid;
  return (is_same || ::fchown(number, was.st_uid, was.st_gid) == 0) &&
         ::fchmod(number, 0600U | (was.st_mode & S_IRWXG)) == 0;
}

bool flush_folder(const std::string& file) {
  const std::string folder = std::filesystem::path(file).parent_path().string();
  const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return opened.is_open() && ::fsync(opened.get()) == 0;
}

// Under the lock. The error is a sentence.
std::optional<std::string> replace(const std::string& file, std::string_view text) {
  const std::string fresh = file + ".new";
  ::unlink(fresh.c_str());  // of a process that was killed: whoever holds the lock is the only writer
  NewFile made(AT_FDCWD, fresh);
  if (!made.is_open() || !take_rights(made.descriptor(), file) || !made.write(text) || !made.rename_to(file)) {
    return file_fault("cannot write", file, errno);
  }
  // The name is safe on disk only when the folder is, too.
  return flush_folder(file) ? std::nullopt : std::optional(file_fault("cannot flush the folder of", file, errno));
}

tl::expected<Users, std::string> read_users(const std::string& file) {
  return conf::read_file(file).and_then([&file](const std::string& text) { return parse_users(text, file); });
}

}  // namespace

std::optional<std::string> change_users_file(const std::string& file,
                                             const std::function<std::optional<std::string>(Users&)>& change) {
  std::error_code error;
  // A link stays one: its target is replaced.
  const std::string target = std::filesystem::weakly_canonical(std::filesystem::absolute(file, error), error).string();
  if (error) return file_fault("cannot find", file, error.value());
  // The lock's file stays: removed, it could be locked by one process and made anew by another.
  const Descriptor lock(::open((target + ".lock").c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!lock.is_open() || ::flock(lock.get(), LOCK_EX) != 0) return file_fault("cannot lock", target + ".lock", errno);
  auto users = std::filesystem::exists(target, error) ? read_users(target) : Users{};
  if (!users) return users.error();
  if (auto refused = change(*users)) return file + ": " + *refused;
  const std::string text = format_users(*users);
  if (const auto again = parse_users(text, target); !again) return file + " could not be read again: " + again.error();
  return replace(target, text);
}

UsersFile::Version UsersFile::version_of(const std::string& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return {};
  // The time of the last change, not of the last writing: rights that were mended count too.
  return {status.st_dev, status.st_ino, status.st_size, status.st_ctim.tv_sec, status.st_ctim.tv_nsec};
}

tl::expected<std::shared_ptr<UsersFile>, std::string> UsersFile::open(const std::string& file, Complain complain) {
  const std::shared_ptr<UsersFile> opened(new UsersFile(file, std::move(complain)));
  opened->seen_ = version_of(file);
  auto users = read_users(file);
  if (!users) return tl::unexpected(std::move(users.error()));
  opened->users_ = std::make_shared<const Users>(std::move(*users));
  return opened;
}

std::shared_ptr<const Users> UsersFile::users() {
  const std::lock_guard lock(mutex_);
  const Version version = version_of(file_);  // before the reading: a change in between is read next time
  if (version == seen_) return users_;
  const auto text = conf::read_file(file_);
  if (!text) {  // for want of descriptors, as it may be: it is tried again
    if (std::exchange(last_fault_, text.error()) != text.error()) complain_(text.error());
    return users_;
  }
  auto users = parse_users(*text, file_);
  seen_ = version;
  last_fault_.clear();
  if (users) {
    users_ = std::make_shared<const Users>(std::move(*users));
  } else {
    complain_(users.error());
  }
  return users_;
}

}  // namespace postern::accounts
