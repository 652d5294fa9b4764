#include "clients/bench/report.h"

#include <array>
#include <cmath>
#include <cstdio>

#include "clients/bench/clock.h"

namespace smcp_bench {
namespace {

template <typename... Values>
std::string Format(const char* format, Values... values) {
  std::array<char, 512> text{};
  std::snprintf(text.data(), text.size(), format, values...);
  return text.data();
}

// Builds one object; values are JSON already.
class Object {
 public:
  Object& Add(std::string_view name, const std::string& value) {
    text_ += text_.empty() ? "" : ",";
    text_ += JsonText(name) + ":" + value;
    return *this;
  }
  Object& Add(std::string_view name, double value) { return Add(name, JsonNumber(value)); }
  Object& Add(std::string_view name, uint64_t value) { return Add(name, std::to_string(value)); }
  Object& Add(std::string_view name, int64_t value) { return Add(name, std::to_string(value)); }
  std::string text() const { return "{" + text_ + "}"; }

 private:
  std::string text_;
};

constexpr std::array<std::pair<const char*, double>, 4> kPercentiles = {
    {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99_9", 0.999}}};

double Us(int64_t ns) { return static_cast<double>(ns) / 1000.0; }

double CpuPerOperation(const Result& r) {
  const uint64_t by = r.cpu_operations > 0 ? r.cpu_operations : r.operations;
  return by == 0 ? 0 : r.window.server_cpu_us() / static_cast<double>(by);
}

double RssPerConnection(const Result& r) {
  if (r.rss_connections == 0) return 0;
  return static_cast<double>(r.rss_after - r.rss_before) / static_cast<double>(r.rss_connections);
}

double Rate(const Result& r) {
  if (r.rate > 0) return r.rate;
  const double seconds = r.window.seconds();
  return seconds > 0 ? static_cast<double>(r.operations) / seconds : 0;
}

std::string Row(const char* name, const std::string& value) {
  return Format("  %-22s ", name) + value + "\n";
}

}  // namespace

void Window::Begin() {
  before_ = SampleProcess(server_);
  own_before_ = OwnCpuNs();
  begun_ = NowNs();
}

void Window::End() {
  ended_ = NowNs();
  own_after_ = OwnCpuNs();
  after_ = SampleProcess(server_);
}

double Window::seconds() const { return ended_ > begun_ ? Seconds(ended_ - begun_) : 0; }

double Window::server_cpu_us() const { return Us(after_.cpu_ns - before_.cpu_ns); }

double Window::server_share() const {
  return seconds() > 0 ? Seconds(after_.cpu_ns - before_.cpu_ns) / seconds() : 0;
}

double Window::client_share() const {
  return seconds() > 0 ? Seconds(own_after_ - own_before_) / seconds() : 0;
}

std::string JsonText(std::string_view text) {
  std::string quoted = "\"";
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (byte < 0x20 || byte >= 0x7f) {
      quoted += Format("\\u%04x", static_cast<unsigned>(byte));
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

std::string JsonNumber(double value) {
  return std::isfinite(value) ? Format("%.10g", value) : std::string("null");
}

std::string ToJson(const Options& options, const Result& r) {
  Object params;
  for (const auto& [name, value] : r.params) params.Add(name, value);
  Object latency;
  for (const auto& [name, share] : kPercentiles) latency.Add(name, Us(r.latency.Percentile(share)));
  latency.Add("max", Us(r.latency.max_ns())).Add("samples", r.latency.samples());

  Object whole;
  whole.Add("workload", JsonText(options.workload))
      .Add("server", JsonText(options.server_name))
      .Add("params", params.text())
      .Add("operations", r.operations)
      .Add("seconds", r.window.seconds())
      .Add("rate", Rate(r))
      .Add("latency_us", latency.text())
      .Add("losses", r.losses)
      .Add("misroutes", r.misroutes)
      .Add("mismatches", r.mismatches)
      .Add("duplicates", r.duplicates)
      .Add("refused", r.refused)
      .Add("disconnects", r.disconnects);
  if (r.window.has_server()) {
    Object server;
    server.Add("cpu_us_per_op", CpuPerOperation(r))
        .Add("cpu_share", r.window.server_share())
        .Add("user_s", r.window.server_user_s())
        .Add("system_s", r.window.server_system_s())
        .Add("rss_before", r.rss_before)
        .Add("rss_after", r.rss_after)
        .Add("rss_per_connection", RssPerConnection(r));
    whole.Add("server_process", server.text());
  } else {
    whole.Add("server_process", std::string("null"));
  }
  whole.Add("client", Object().Add("cpu_share", r.window.client_share()).text());
  for (const auto& [name, value] : r.extras) whole.Add(name, value);
  if (!r.first_problem.empty()) whole.Add("first_problem", JsonText(r.first_problem));
  return whole.text();
}

std::string ToTable(const Options& options, const Result& r) {
  std::string text = options.workload + " on " + options.server_name + " (";
  for (const auto& [name, value] : r.params) {
    if (&name != &r.params.front().first) text += ", ";
    text += name + " " + value;
  }
  text += ")\n";
  text += Row("operations",
              Format("%llu in %.3f s, %.0f per s", static_cast<unsigned long long>(r.operations),
                     r.window.seconds(), Rate(r)));
  if (r.latency.samples() > 0) {
    std::string line;
    for (const auto& [name, share] : kPercentiles) {
      line += Format("%s %.1f  ", name, Us(r.latency.Percentile(share)));
    }
    text += Row("latency, us", line + Format("max %.1f", Us(r.latency.max_ns())));
  }
  if (r.window.has_server()) {
    text += Row("server CPU", Format("%.2f us per operation, %.1f %% of a core (user %.2f s, "
                                     "system %.2f s)",
                                     CpuPerOperation(r), 100 * r.window.server_share(),
                                     r.window.server_user_s(), r.window.server_system_s()));
    text += Row("server memory",
                Format("%.1f MiB before, %.1f MiB after, %.0f bytes per connection",
                       static_cast<double>(r.rss_before) / 1048576.0,
                       static_cast<double>(r.rss_after) / 1048576.0, RssPerConnection(r)));
  }
  text += Row("generator CPU", Format("%.1f %% of a core%s", 100 * r.window.client_share(),
                                      r.window.client_share() > 0.9 ? ": the bottleneck" : ""));
  for (const auto& [name, value] : r.extras) text += Row(name.c_str(), JsonNumber(value));
  const auto count = [](uint64_t n) { return static_cast<unsigned long long>(n); };
  text += Row("wrong", Format("%llu lost, %llu misrouted, %llu altered, %llu duplicate, "
                              "%llu refused, %llu disconnected",
                              count(r.losses), count(r.misroutes), count(r.mismatches),
                              count(r.duplicates), count(r.refused), count(r.disconnects)));
  if (!r.first_problem.empty()) text += Row("first problem", r.first_problem.substr(0, 300));
  return text;
}

}  // namespace smcp_bench
