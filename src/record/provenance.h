#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fw::record {

/// The way by which an interaction came in.
enum class Origin : std::uint8_t { kFile, kUpload, kGateway, kBulk, kOtlp };

/// How the exchange ended, as the way in saw it. What did not finish is kept and marked; datasets leave it out.
enum class Ending : std::uint8_t {
  kFinished,             ///< the whole answer went by
  kClientGone,           ///< the client hung up before the answer's end
  kUpstreamDied,         ///< the upstream broke off, fell silent, or ended a stream without its last event
  kRefused,              ///< the upstream answered with an error
  kArgumentsIncomplete,  ///< finished, with a tool call whose arguments are no whole JSON
};

/// A free label of a request: `name=value`, or a name alone with an empty value.
struct Tag {
  std::string name;
  std::string value;

  friend bool operator==(const Tag&, const Tag&) = default;
};

/// What is known of an exchange beside its bytes. Everything is optional: a log document that says nothing of it has
/// the defaults. docs/formats/traffic.md says how it stands in a log document.
struct Provenance {
  Origin origin = Origin::kFile;
  Ending ending = Ending::kFinished;
  std::optional<std::uint16_t> http_status;  ///< of the upstream's answer
  std::optional<std::chrono::microseconds>
      first_token;                                 ///< from the request's last byte to the first of the answer's body
  std::optional<std::chrono::microseconds> total;  ///< to its last
  std::string model_asked;                         ///< `model` of the request as the client sent it
  std::string model_answered;                      ///< `model` of the answer
  std::string route;                               ///< the gateway's route that was taken
  std::string variant;                             ///< who answered on it: "production", or a candidate's variant
  std::string conversation;                        ///< the application's own id of the conversation
  std::string key;                                 ///< id of the API key, never the key
  std::vector<Tag> tags;

  friend bool operator==(const Provenance&, const Provenance&) = default;
};

}  // namespace fw::record
