#include "gateway/daemon/config.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>

#include "gateway/base/check.h"
#include "gateway/base/strings.h"
#include "gateway/daemon/config_hint.h"
#include "gateway/daemon/config_schema.h"
#include "gateway/daemon/config_text.h"
#include "gateway/daemon/config_value.h"
#include "gateway/daemon/config_yaml.h"

namespace smcp::config {
namespace {

// All keys with their comments take 10 KiB; what is far larger is not a configuration.
constexpr size_t kFileBytesMax = 1 << 20;
constexpr std::string_view kPrefix = "SMCP_";

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    const int error = errno;
    const std::string why = std::generic_category().message(error);
    const std::string line = Concat({path, ": cannot read the configuration file: ", why});
    return error == ENOENT ? absl::NotFoundError(line) : absl::PermissionDeniedError(line);
  }
  if (S_ISDIR(info.st_mode)) {
    return Invalid({path, ": is a directory; --config takes a YAML or JSON file"});
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return absl::PermissionDeniedError(Concat(
        {path, ": cannot read the configuration file: ", std::generic_category().message(errno)}));
  }
  std::string text(kFileBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return absl::UnavailableError(Concat({path, ": reading it failed"}));
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > kFileBytesMax) {
    return Invalid({path, ": is larger than 1 MiB, hence no configuration file"});
  }
  return text;
}

absl::Status ApplyDefaults(const Schema& schema, EffectiveConfig* effective) {
  for (const Key& key : schema.keys()) {
    absl::Status applied = Apply(FromText(key, key.rule->default_text(), Origin{}), effective);
    if (!applied.ok()) return applied;
  }
  return absl::OkStatus();
}

absl::Status ApplyFile(const Schema& schema, const std::string& path, EffectiveConfig* effective) {
  absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) return text.status();
  absl::StatusOr<std::vector<Assignment>> assignments = ReadYaml(*text, path, schema);
  if (!assignments.ok()) return assignments.status();
  for (const Assignment& assignment : *assignments) {
    absl::Status applied = Apply(assignment, effective);
    if (!applied.ok()) return applied;
  }
  return absl::OkStatus();
}

// The error for a variable that is no key but was meant for one: it has a key's two underscores, or
// its spelling is close to one's. Empty for the others, which belong to somebody else: Kubernetes,
// for one, gives the pods of a service called "smcp" SMCP_PORT=tcp://..., and so on.
std::string UnknownVariable(const Schema& schema, std::string_view name) {
  std::string path;
  for (const char c : Lower(name.substr(kPrefix.size()))) {
    if (c == '_' && path.ends_with('_')) {
      path.back() = '.';
    } else {
      path += c;
    }
  }
  const Key* key = schema.Find(NearestPath(schema, path));
  if (key != nullptr) return Concat({"no such key; did you mean ", key->environment, "?"});
  if (name.find("__") == std::string_view::npos) return {};
  return "no such key; a key such as listen.address is set with SMCP_LISTEN__ADDRESS";
}

absl::Status ApplyEnvironment(const Schema& schema, const Environment& environment,
                              EffectiveConfig* effective) {
  for (const auto& [name, value] : environment) {
    if (!name.starts_with(kPrefix)) continue;
    const Key* key = schema.FindEnvironment(name);
    if (key == nullptr) {
      const std::string problem = UnknownVariable(schema, name);
      if (problem.empty()) continue;
      return ErrorAt(Concat({"environment variable ", Printable(name)}), "", problem);
    }
    absl::Status applied =
        Apply(FromText(*key, value, {Origin::Kind::kEnvironment, name}), effective);
    if (!applied.ok()) return applied;
  }
  return absl::OkStatus();
}

absl::Status ApplySets(const Schema& schema, const std::vector<std::string>& sets,
                       EffectiveConfig* effective) {
  for (const std::string& set : sets) {
    const size_t equals = set.find('=');
    // Without '=' the whole argument might be a secret that lost its key: it is not quoted.
    if (equals == std::string::npos || equals == 0) {
      return ErrorAt("--set", "", "expected key=value, such as --set listen.address=127.0.0.1:0");
    }
    const std::string path = set.substr(0, equals);
    const Key* key = schema.Find(path);
    if (key == nullptr) return ErrorAt("--set", Printable(path), UnknownKey(schema, path));
    absl::Status applied = Apply(
        FromText(*key, std::string_view(set).substr(equals + 1), {Origin::Kind::kFlag, "--set"}),
        effective);
    if (!applied.ok()) return applied;
  }
  return absl::OkStatus();
}

absl::Status ApplyPushed(const Schema& schema, const std::string& text,
                         EffectiveConfig* effective) {
  constexpr std::string_view kName = "pushed";
  absl::StatusOr<std::vector<Assignment>> assignments = ReadYaml(text, kName, schema);
  if (!assignments.ok()) return assignments.status();
  for (Assignment& assignment : *assignments) {
    assignment.origin = {Origin::Kind::kPushed, std::string(kName)};
    absl::Status applied = Apply(assignment, effective);
    if (!applied.ok()) return applied;
  }
  return absl::OkStatus();
}

absl::Status CheckTls(const EffectiveConfig& effective) {
  const auto& control = effective.config.control();
  const auto error = [&](std::string_view path, std::string_view problem) {
    return ErrorAt(effective.origins.find(path)->second.place, path, problem);
  };
  if (control.tls().cert_file().empty() != control.tls().key_file().empty()) {
    return error(
        control.tls().cert_file().empty() ? "control.tls.key_file" : "control.tls.cert_file",
        "a certificate needs its key and a key its certificate: give both files");
  }
  if (!control.tls().client_ca_file().empty() && control.tls().cert_file().empty()) {
    return error("control.tls.client_ca_file",
                 "client certificates need TLS: give control.tls.cert_file and key_file too");
  }
  // Otherwise nobody would have a role, and without tokens a certificate of any name every right.
  if (control.tls().client_ca_file().empty() != control.san_roles().empty()) {
    return error(control.san_roles().empty() ? "control.tls.client_ca_file" : "control.san_roles",
                 "control.san_roles says which client certificates of control.tls.client_ca_file "
                 "may do what: give both");
  }
  return absl::OkStatus();
}

// What no single key can get wrong. The place is that of the key that was given last.
absl::Status CheckTogether(const EffectiveConfig& effective) {
  const auto& auth = effective.config.auth();
  const auto place = [&](std::string_view path) -> const std::string& {
    return effective.origins.find(path)->second.place;
  };
  if (!auth.api_key().admin_secret().empty() && !auth.api_key().admin_secret_file().empty()) {
    constexpr std::string_view kFilePath = "auth.api_key.admin_secret_file";
    return ErrorAt(place(kFilePath), kFilePath,
                   Concat({"auth.api_key.admin_secret is set too (",
                           place("auth.api_key.admin_secret"), "); give only one of them"}));
  }
  if (auth.provider() == "api_key" && auth.api_key().header_names().empty() &&
      auth.api_key().auth_fields().empty()) {
    constexpr std::string_view kPath = "auth.api_key.header_names";
    return ErrorAt(place(kPath), kPath,
                   "is empty and so is auth.api_key.auth_fields: nobody could present the secret; "
                   "name at least one header or field");
  }
  return CheckTls(effective);
}

}  // namespace

absl::StatusOr<EffectiveConfig> LoadConfig(const ConfigSources& sources) {
  const Schema schema;
  EffectiveConfig effective;
  absl::Status status = ApplyDefaults(schema, &effective);
  if (status.ok() && sources.file) status = ApplyFile(schema, *sources.file, &effective);
  if (status.ok()) status = ApplyEnvironment(schema, sources.environment, &effective);
  if (status.ok()) status = ApplySets(schema, sources.sets, &effective);
  if (status.ok()) status = ApplyPushed(schema, sources.pushed, &effective);
  if (status.ok()) status = CheckTogether(effective);
  if (!status.ok()) return status;
  return effective;
}

Environment EnvironmentFrom(const char* const* entries) {
  Environment environment;
  for (; entries != nullptr && *entries != nullptr; ++entries) {
    const std::string_view entry = *entries;
    const size_t equals = entry.find('=');
    if (equals == std::string_view::npos) continue;
    environment.emplace_back(entry.substr(0, equals), entry.substr(equals + 1));
  }
  return environment;
}

Millis ToMillis(const google::protobuf::Duration& duration) {
  return Millis(duration.seconds() * 1000 + duration.nanos() / 1'000'000);
}

}  // namespace smcp::config
