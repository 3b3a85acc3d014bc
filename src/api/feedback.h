#pragma once

#include <functional>
#include <string>
#include <vector>

#include "async/task.h"
#include "auth/caller.h"
#include "net/router.h"
#include "promotion/feedback.h"

namespace fw::api {

/// Keeps a rating: kNotFound for an id that no exchange of what the caller's key is for has, kAlreadyExists for one
/// that was rated.
using TakeFeedback = std::function<Task<Result<promotion::Feedback>>(promotion::Rating, auth::Caller)>;

/// What `POST /api/feedback` answers to a body, and the gateway's `/v1/feedback` too.
[[nodiscard]] Task<net::Response> answer_feedback(TakeFeedback take, std::string body, auth::Caller caller);

/// `/api/feedback`: what applications say of the answers that they had.
class FeedbackResource final {
 public:
  /// `recent` gives the last so many, newest first; any thread, blocks briefly.
  FeedbackResource(TakeFeedback take, std::function<std::vector<promotion::Feedback>(std::size_t)> recent)
      : take_(std::move(take)), recent_(std::move(recent)) {}
  void add_to(net::Router& router);

 private:
  Task<Result<net::Response>> post(net::Call call);
  Task<Result<net::Response>> list(net::Call call);

  TakeFeedback take_;
  std::function<std::vector<promotion::Feedback>(std::size_t)> recent_;
};

}  // namespace fw::api
