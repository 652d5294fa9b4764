// The keys of the embedding examples: a SQLite table `keys(key TEXT PRIMARY KEY, owner TEXT)`.
#pragma once

#include <sqlite3.h>

#include <mutex>
#include <stdexcept>
#include <string>

#include "absl/status/statusor.h"
#include "gateway/smcp/auth.h"

// Thread-safe and blocking: to be used on a pool, not on a shard.
class SqliteKeys {
 public:
  explicit SqliteKeys(const char* path) {
    const char* sql = "SELECT owner FROM keys WHERE key = ?1";
    if (sqlite3_open_v2(path, &db_, SQLITE_OPEN_READONLY, nullptr) != SQLITE_OK ||
        sqlite3_prepare_v2(db_, sql, -1, &find_, nullptr) != SQLITE_OK) {
      throw std::runtime_error(std::string(path) + ": " + sqlite3_errmsg(db_));
    }
  }
  ~SqliteKeys() {
    sqlite3_finalize(find_);
    sqlite3_close(db_);
  }
  SqliteKeys(const SqliteKeys&) = delete;
  SqliteKeys& operator=(const SqliteKeys&) = delete;

  absl::StatusOr<smcp::Identity> Find(const std::string* key) {
    if (key == nullptr) return absl::UnauthenticatedError("no x-api-key header");
    const std::lock_guard lock(mutex_);
    sqlite3_bind_text(find_, 1, key->data(), static_cast<int>(key->size()), SQLITE_TRANSIENT);
    absl::StatusOr<smcp::Identity> found = absl::UnauthenticatedError("unknown key");
    if (sqlite3_step(find_) == SQLITE_ROW) {
      const auto* owner = reinterpret_cast<const char*>(sqlite3_column_text(find_, 0));
      found = smcp::Identity{owner == nullptr ? "" : owner, {}};
    }
    sqlite3_reset(find_);
    return found;
  }

 private:
  std::mutex mutex_;
  sqlite3* db_ = nullptr;
  sqlite3_stmt* find_ = nullptr;
};
