#include "app/cli/record_filters.h"

#include <CLI/CLI.hpp>
#include <iterator>

#include "net/url.h"

namespace fw::app {
namespace {

struct Name {
  const char* option;
  const char* parameter;
  const char* help;
  const char* type;
};
constexpr Name kNames[] = {
    {"--workload", "workload_id", "Of one workload alone", "WORKLOAD"},
    {"--client-id", "client_id", "Of one client alone", "CLIENT"},
    {"--text", "text", "Words of the conversation or the answer", "TEXT"},
    {"--class", "class", "First tool that the answer calls, or no_tool", "CLASS"},
    {"--tool", "tool", "A tool that the answer calls", "NAME"},
    {"--model", "model", "That was asked, or answered", "NAME"},
    {"--ending", "ending", "finished, client_gone, upstream_died, refused or arguments_incomplete", "ENDING"},
    {"--origin", "origin", "Way in: file, upload, gateway, bulk or otlp", "ORIGIN"},
    {"--from", "from", "Not before: epoch seconds or ISO-8601", "DATE"},
    {"--to", "to", "Before: epoch seconds or ISO-8601", "DATE"}};

}  // namespace

RecordFilters::RecordFilters() {
  values_.reserve(std::size(kNames));
  for (const Name& name : kNames) values_.emplace_back(name.parameter, "");
}

void RecordFilters::add_to(CLI::App& command) {
  for (std::size_t i = 0; i < std::size(kNames); ++i) {
    command.add_option(kNames[i].option, values_[i].second, kNames[i].help)->type_name(kNames[i].type);
  }
  command.add_flag("--errors", only_errors_, "Of those without an answer alone");
}

std::string RecordFilters::query() const {
  std::string out;
  for (const auto& [name, value] : values_) {
    if (!value.empty()) out += std::string("&") + name + '=' + net::percent_encode(value);
  }
  return out + (only_errors_ ? "&is_error=1" : "");
}

}  // namespace fw::app
