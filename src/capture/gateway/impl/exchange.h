#pragma once

#include <memory>
#include <optional>
#include <string>

#include "capture/gateway/impl/gateway_shared.h"
#include "capture/gateway/recorder.h"
#include "net/body.h"
#include "net/server.h"

namespace fw::capture {

/// One request from its head to its record: read, labelled, routed, sent on, answered, kept. Lives on one loop, in the
/// frame of the handler that runs it.
class Exchange final {
 public:
  Exchange(GatewayShared& shared, net::IncomingRequest& in, net::ResponseWriter& out);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  [[nodiscard]] Task<void> run();

 private:
  /// What asking one target came to.
  struct Outcome {
    std::unique_ptr<net::ResponseStream> answer;
    std::optional<Error> failure;
    bool was_sent = false;
  };

  [[nodiscard]] bool reads_whole_body() const;
  [[nodiscard]] Task<Status> read_body();
  /// kUnauthorized where the caller's key is not for such traffic.
  [[nodiscard]] Status plan();
  /// Whether it is among those that are kept; counts the others.
  [[nodiscard]] bool is_sampled(const Labels& labels, Random& random);
  /// Whether the routes lead to its upstream, also without promotions.
  [[nodiscard]] bool is_on_route(const Target& target) const;
  [[nodiscard]] const std::shared_ptr<Upstream>& upstream_of(const Target& target) const {
    return routing_->upstream(target.upstream);
  }
  [[nodiscard]] net::Request request_for(const Upstream& upstream, const Target& target) const;

  [[nodiscard]] Task<void> relay();
  [[nodiscard]] Task<void> relay_upload();
  [[nodiscard]] Task<Outcome> ask(Upstream& upstream, const Target& target);
  [[nodiscard]] Task<Outcome> ask_once(Upstream& upstream, const Target& target);

  void tell_of_promoted(bool is_error);
  /// Gives the copy of the request to who did not answer it.
  void send_shadow();

  [[nodiscard]] Task<BytesEnd> pass_on(net::ResponseStream& answer, Duration idle);
  [[nodiscard]] Task<BytesEnd> pass_on_pieces(net::ResponseStream& answer, net::ResponseHead head, Duration idle);
  [[nodiscard]] Task<void> fail(net::Response response);
  [[nodiscard]] Task<void> refuse(Error error);
  [[nodiscard]] Task<void> fail_upstream(const Upstream& upstream, const Error& error);

  /// The record, once: nothing where it is not to be kept. What the shadow and the gates look at is put aside.
  [[nodiscard]] std::optional<record::Interaction> take_record(BytesEnd end);
  [[nodiscard]] bool keeps_before_last_byte() const;
  /// How an answer ended that could not be written on.
  [[nodiscard]] BytesEnd end_of_writing() const;

  GatewayShared& shared_;
  net::IncomingRequest& in_;
  net::ResponseWriter& out_;
  std::optional<Dialect> dialect_;
  std::string body_;
  net::BodyBudget::Share held_;
  RequestScan scan_;
  std::shared_ptr<const Routing> routing_;
  RouteTable::Choice choice_;
  RouteTable::Split split_;   ///< who answers of the promoted models: the first target is its
  bool is_shadowed_ = false;  ///< a copy goes to who does not answer
  bool is_kept_ = false;      ///< what is recorded goes to the log
  std::optional<Recorder> recorder_;
  std::optional<record::Interaction> seen_;  ///< what went by, where more than the log wants it
  std::optional<net::Request> copy_;         ///< for who does not answer
  Instant request_whole_{};
  Duration before_sending_{};
};

}  // namespace fw::capture
