#include "gateway/daemon/config_yaml.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <exception>
#include <map>

#include "gateway/daemon/config_hint.h"
#include "gateway/daemon/config_text.h"

namespace smcp::config {
namespace {

std::string_view KindOf(const YAML::Node& node) {
  switch (node.Type()) {
    case YAML::NodeType::Map:
      return "a map of keys";
    case YAML::NodeType::Sequence:
      return "a list";
    case YAML::NodeType::Scalar:
      return "a single value";
    case YAML::NodeType::Null:
    case YAML::NodeType::Undefined:
      return "nothing";
  }
  return "something else";
}

class Reader {
 public:
  Reader(std::string_view name, const Schema& schema) : name_(name), schema_(schema) {}

  absl::Status ReadRoot(const YAML::Node& root) {
    if (root.IsNull()) return absl::OkStatus();
    if (!root.IsMap()) {
      return ErrorAt(Place(root.Mark()), "",
                     Concat({"expected sections such as \"listen:\", found ", KindOf(root)}));
    }
    return ReadSection(root, "");
  }

  YamlReading Take() { return std::move(reading_); }
  void Note(absl::Status status) {
    if (!status.ok()) reading_.errors.push_back(std::move(status));
  }

 private:
  std::string Place(const YAML::Mark& mark) const {
    return Concat({name_, ":", std::to_string(std::max(mark.line, 0) + 1)});
  }

  absl::Status ReadSection(const YAML::Node& section, const std::string& section_path) {
    std::map<std::string, int> line_of;
    for (const auto& entry : section) {
      const std::string place = Place(entry.first.Mark());
      if (!entry.first.IsScalar()) {
        Note(ErrorAt(place, section_path,
                     Concat({"expected the name of a key, found ", KindOf(entry.first)})));
        continue;
      }
      const std::string& word = entry.first.Scalar();
      const std::string path = section_path.empty() ? word : Concat({section_path, ".", word});
      const auto [first, is_new] = line_of.emplace(word, entry.first.Mark().line + 1);
      if (!is_new) {
        Note(ErrorAt(place, Printable(path),
                     Concat({"is given twice, first on line ", std::to_string(first->second),
                             "; remove one"})));
        continue;
      }
      Note(ReadEntry(entry.second, word, path, place));
    }
    return absl::OkStatus();
  }

  absl::Status ReadEntry(const YAML::Node& node, const std::string& word, const std::string& path,
                         const std::string& place) {
    // A dot inside a word would pass as a path, and then a key could be given twice unseen.
    if (word.find('.') != std::string::npos && schema_.Find(path) != nullptr) {
      return ErrorAt(place, path, "write it nested, one section per level, not with dots");
    }
    if (const Key* key = schema_.Find(path); key != nullptr) return ReadKey(node, *key, place);
    if (!schema_.HasSection(path) || word.find('.') != std::string::npos) {
      return ErrorAt(place, Printable(path), UnknownKey(schema_, path));
    }
    if (node.IsNull()) return absl::OkStatus();
    if (!node.IsMap()) {
      return ErrorAt(place, path,
                     Concat({"is a section: expected keys below it, found ", KindOf(node)}));
    }
    return ReadSection(node, path);
  }

  absl::Status ReadKey(const YAML::Node& node, const Key& key, const std::string& place) {
    Assignment assignment{&key, {Origin::Kind::kFile, place}, {}};
    if (node.IsNull()) {
      const bool may_be_empty = key.rule->may_be_empty();
      return ErrorAt(place, key.path,
                     Concat({"has no value; write ",
                             !may_be_empty ? "one"
                             : key.is_list ? "[] for none"
                                           : "\"\" for none",
                             ", or remove the line for the default"}));
    }
    if (!key.is_list) {
      if (!node.IsScalar()) {
        return ErrorAt(place, key.path, Concat({"expected a single value, found ", KindOf(node)}));
      }
      assignment.items.push_back(Raw(node));
    } else {
      if (!node.IsSequence()) {
        return ErrorAt(place, key.path,
                       Concat({"expected a list such as [",
                               key.rule->default_text().empty() ? "a, b" : key.rule->default_text(),
                               "], found ", KindOf(node)}));
      }
      for (const YAML::Node& item : node) {
        if (!item.IsScalar()) {
          return ErrorAt(
              item.IsNull() ? place : Place(item.Mark()), key.path,
              Concat({"expected a list of single values, found ", KindOf(item), " in it"}));
        }
        assignment.items.push_back(Raw(item));
      }
    }
    reading_.assignments.push_back(std::move(assignment));
    return absl::OkStatus();
  }

  // yaml-cpp tags a plain scalar "?" and a quoted one "!".
  RawValue Raw(const YAML::Node& node) const {
    return {node.Scalar(), node.Tag() != "?", Place(node.Mark())};
  }

  std::string_view name_;
  const Schema& schema_;
  YamlReading reading_;
};

}  // namespace

std::string UnknownKey(const Schema& schema, std::string_view path) {
  if (schema.HasSection(path)) return "is a section, not a key; name a key below it";
  const std::string nearest = NearestPath(schema, path);
  if (nearest.empty()) return "unknown key; --print-config shows all keys";
  return Concat({"unknown key; did you mean ", nearest, "?"});
}

// yaml-cpp reports by throwing: caught here, at the seam, and nowhere else.
YamlReading ReadAllOfYaml(const std::string& text, std::string_view name, const Schema& schema) {
  const auto failed = [](absl::Status error) { return YamlReading{{}, {std::move(error)}}; };
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(text);
    if (documents.size() > 1) {
      return failed(ErrorAt(name, "", "holds more than one YAML document; leave one"));
    }
    Reader reader(name, schema);
    if (!documents.empty()) reader.Note(reader.ReadRoot(documents.front()));
    return reader.Take();
  } catch (const YAML::Exception& error) {
    const int line = std::max(error.mark.line, 0) + 1;
    return failed(ErrorAt(Concat({name, ":", std::to_string(line)}), "",
                          Concat({"is not valid YAML or JSON: ", error.msg})));
  } catch (const std::exception& error) {
    return failed(ErrorAt(name, "", Concat({"cannot be read as YAML: ", error.what()})));
  }
}

absl::StatusOr<std::vector<Assignment>> ReadYaml(const std::string& text, std::string_view name,
                                                 const Schema& schema) {
  YamlReading reading = ReadAllOfYaml(text, name, schema);
  if (!reading.errors.empty()) return reading.errors.front();
  return std::move(reading.assignments);
}

}  // namespace smcp::config
