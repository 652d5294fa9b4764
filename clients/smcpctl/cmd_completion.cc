#include <memory>

#include "clients/smcpctl/cli.h"
#include "clients/smcpctl/filter.h"
#include "clients/smcpctl/text.h"

namespace smcpctl {
namespace {

// What may follow a path of commands ("" is smcpctl itself, "sessions ls" a command).
struct Words {
  std::string path{};
  std::vector<std::pair<std::string, std::string>> commands{};  // name and help
  std::vector<std::string> flags{};
};

void Collect(const CLI::App& app, const std::string& path, std::vector<Words>* out) {
  Words words{path, {}, {}};
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) words.flags.push_back("--" + name);
    for (const std::string& name : option->get_snames()) words.flags.push_back("-" + name);
  }
  const auto children = app.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* child : children) {
    words.commands.emplace_back(child->get_name(), child->get_description());
  }
  out->push_back(std::move(words));
  for (const CLI::App* child : children) {
    Collect(*child, path.empty() ? child->get_name() : path + " " + child->get_name(), out);
  }
}

std::string Names(const Words& words) {
  std::vector<std::string> names;
  for (const auto& [name, help] : words.commands) names.push_back(name);
  return Join(names, " ");
}

// The commands that the words typed so far name, as a case table in shell.
std::string CaseTable(const std::vector<Words>& table, const std::string& variable) {
  std::string out = "  case \"$" + variable + "\" in\n";
  for (const Words& words : table) {
    out += "    " + ShellWord(words.path) + ") commands=" + ShellWord(Names(words)) +
           " flags=" + ShellWord(Join(words.flags, " ")) + " ;;\n";
  }
  return out + "  esac\n";
}

std::string Paths(const std::vector<Words>& table) {
  std::string out;
  for (const Words& words : table) {
    if (!words.path.empty()) out += "|" + words.path;
  }
  return out + "|";
}

std::string Bash(const std::vector<Words>& table) {
  return "# bash completion of smcpctl: source <(smcpctl completion bash)\n"
         "_smcpctl() {\n"
         "  local current=${COMP_WORDS[COMP_CWORD]} path='' commands='' flags='' word\n"
         "  local paths=" +
         ShellWord(Paths(table)) +
         "\n"
         "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
         "    [[ $word != -* && $paths == *\"|${path:+$path }$word|\"* ]] && path=${path:+$path "
         "}$word\n"
         "  done\n" +
         CaseTable(table, "path") +
         "  if [[ $current == -* ]]; then\n"
         "    mapfile -t COMPREPLY < <(compgen -W \"$flags " +
         Join(table.front().flags, " ") +
         "\" -- \"$current\")\n"
         "  elif [[ -n $commands ]]; then\n"
         "    mapfile -t COMPREPLY < <(compgen -W \"$commands\" -- \"$current\")\n"
         "  else\n"
         "    mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
         "  fi\n"
         "}\n"
         "complete -F _smcpctl smcpctl\n";
}

std::string Zsh(const std::vector<Words>& table) {
  return "#compdef smcpctl\n"
         "# zsh completion of smcpctl: smcpctl completion zsh > \"${fpath[1]}/_smcpctl\"\n"
         "_smcpctl() {\n"
         "  local place='' commands='' flags='' word\n"
         "  local known=" +
         ShellWord(Paths(table)) +
         "\n"
         "  for word in \"${words[@]:1:$((CURRENT-2))}\"; do\n"
         "    [[ $word != -* && $known == *\"|${place:+$place }$word|\"* ]] && "
         "place=\"${place:+$place }$word\"\n"
         "  done\n" +
         CaseTable(table, "place") +
         "  if [[ $PREFIX == -* ]]; then\n"
         "    compadd -- ${=flags} " +
         Join(table.front().flags, " ") +
         "\n"
         "  elif [[ -n $commands ]]; then\n"
         "    compadd -- ${=commands}\n"
         "  else\n"
         "    _files\n"
         "  fi\n"
         "}\n"
         "compdef _smcpctl smcpctl\n";
}

std::string Fish(const std::vector<Words>& table) {
  std::string out =
      "# fish completion of smcpctl: smcpctl completion fish | source\n"
      "function __smcpctl_path\n"
      "  set -l path ''\n"
      "  for word in (commandline -opc)[2..-1]\n"
      "    set -l next (string trim -- \"$path $word\")\n"
      "    string match -q -- \"*|$next|*\" " +
      ShellWord(Paths(table)) +
      "; and set path $next\n"
      "  end\n"
      "  echo $path\n"
      "end\n"
      "complete -c smcpctl -f\n";
  for (const Words& words : table) {
    const std::string here =
        " -n " + ShellWord("test \"(__smcpctl_path)\" = \"" + words.path + "\"");
    for (const auto& [name, help] : words.commands) {
      out +=
          "complete -c smcpctl" + here + " -a " + ShellWord(name) + " -d " + ShellWord(help) + "\n";
    }
    for (const std::string& flag : words.flags) {
      const bool is_long = flag.starts_with("--");
      out += "complete -c smcpctl" + (words.path.empty() ? "" : here) +
             (is_long ? " -l " : " -s ") + flag.substr(is_long ? 2 : 1) + "\n";
    }
  }
  return out;
}

}  // namespace

void AddCompletionCommand(Cli* cli) {
  auto shell = std::make_shared<std::string>();
  cli->Add(nullptr,
           {"completion", "Print what makes a shell complete commands and flags.",
            "source <(smcpctl completion bash)\nsmcpctl completion fish | source", 0},
           [shell, cli](Invocation& run) {
             std::vector<Words> table;
             Collect(cli->app(), "", &table);
             run.out().Print(*shell == "bash"  ? Bash(table)
                             : *shell == "zsh" ? Zsh(table)
                                               : Fish(table));
             return absl::OkStatus();
           })
      ->add_option("shell", *shell, "bash, zsh or fish")
      ->check(CLI::IsMember({"bash", "zsh", "fish"}))
      ->required();
}

}  // namespace smcpctl
