#include <time.h>

#include <cstdio>
#include <functional>
#include <string>

#include "capture/completions/stream_rebuild.h"
#include "capture/redaction/redactor.h"

/// What capture costs a core beside the relay: an event of a stream that is rebuilt, a megabyte of documents that are
/// redacted. CPU time of this thread, so that a busy machine matters little.
///
///     capture_text_bench
namespace {

using namespace fw;

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// Seconds of one call, the best of five rounds of `times`.
double best_of(int times, const std::function<void()>& call) {
  double best = 1e9;
  for (int round = 0; round < 5; ++round) {
    const double begin = cpu_seconds();
    for (int i = 0; i < times; ++i) call();
    best = std::min(best, (cpu_seconds() - begin) / times);
  }
  return best;
}

std::string chunk(const std::string& delta) {
  return R"(data: {"id":"chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT","object":"chat.completion.chunk","created":1741569952,)"
         R"("model":"gpt-4.1-2025-04-14","service_tier":"default","system_fingerprint":"fp_a1b2c3","choices":[{"index":0,)"
         R"("delta":)" +
         delta +
         R"(,"logprobs":null,"finish_reason":null}]})"
         "\n\n";
}

void bench_stream(const char* name, const std::string& event) {
  constexpr int kEvents = 2000;
  const double seconds = best_of(20, [&] {
    capture::StreamRebuild rebuild(capture::Dialect::kChatCompletions);
    for (int i = 0; i < kEvents; ++i) rebuild.add(event);
    if (std::move(rebuild).finish(false).response.empty()) std::abort();
  });
  std::printf("rebuild, %-22s %6.0f ns an event of %zu bytes, %6.0f MB/s\n", name, seconds / kEvents * 1e9,
              event.size(), static_cast<double>(event.size()) * kEvents / seconds / 1e6);
}

record::Interaction document(const std::string& line) {
  std::string text;
  for (int i = 0; i < 24; ++i) text += line;
  return {
      .id = record::RecordId("r"),
      .workload = record::WorkloadId("router"),
      .client = record::ClientId("demo"),
      .request =
          R"({"model":"big","messages":[{"role":"system","content":"You serve customers."},{"role":"user","content":")" +
          text + R"("}],"temperature":0})",
      .response = R"({"choices":[{"message":{"role":"assistant","content":")" + text + R"("}}]})"};
}

void bench_redaction(const char* name, const std::string& line) {
  capture::RedactionSettings settings;
  for (const char* kind : {"api_key", "jwt", "email", "iban", "card", "ip", "phone"}) {
    settings.rules.push_back({.kind = kind, .action = capture::RedactionAction::kPseudonym});
  }
  const auto redactor = capture::Redactor::create(settings, "0123456789abcdef").value();
  const auto original = document(line);
  std::uint64_t found = 0;
  const double seconds = best_of(200, [&] {
    auto record = original;
    for (const auto& [rule, count] : *redactor.apply(record)) found += count;
  });
  const double bytes = static_cast<double>(original.request.size() + original.response.size());
  std::printf("redact,  %-22s %6.0f MB/s, %5.1f us a document of %.1f KB, %.0f values in it\n", name,
              bytes / seconds / 1e6, seconds * 1e6, bytes / 1e3, static_cast<double>(found) / 1000);
}

}  // namespace

int main() {
  bench_stream("text", chunk(R"({"content":" something"})"));
  bench_stream("fragment of a call", chunk(R"({"tool_calls":[{"index":0,"function":{"arguments":"{\"city"}}]})"));
  bench_stream("text in a short event",
               "data: {\"choices\":[{\"finish_reason\":null,\"index\":0,\"delta\":{\"content\":\"Rome\"}}]}\n\n");
  bench_redaction("words alone", "Please tell me whether the parcel has left the warehouse already, thank you. ");
  bench_redaction("numbers and dates", "Order A-12345 of 2026-11-24 10:15, 3 x 12.50 pounds, item 4711, ref 998877. ");
  bench_redaction("one address in it",
                  "Mail ann@example.com or phone +44 20 7946 0123 about card 4111 1111 1111 1111 ");
  bench_redaction("escaped text", R"(He said \"no\" \u00e9\n and left the caf\u00e9 at the corner of the street. )");
}
