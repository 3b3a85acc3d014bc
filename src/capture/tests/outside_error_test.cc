#include "capture/impl/outside_error.h"

#include <gtest/gtest.h>

namespace fw::capture {
namespace {

TEST(ToldOutside, ATroubleOfTheStoreIsToldWithoutWhereItLies) {
  const std::string message = "cannot write to the log store /srv/flywheel/log: it is damaged";
  for (const auto make : {storage_full, unavailable, data_loss, internal, failed_precondition, not_found}) {
    const Error told = told_outside(make(message));
    EXPECT_EQ(told.message.find("/srv"), std::string::npos) << told;
    EXPECT_TRUE(is_retryable(told.code)) << told;
  }
  EXPECT_EQ(told_outside(storage_full(message)).code, ErrorCode::kStorageFull);
}

TEST(ToldOutside, WhatTheClientCanMendIsToldAsItIs) {
  for (const Error& error : {invalid_argument("line 3 is no JSON"), too_large("the body is larger than 10 bytes"),
                             resource_exhausted("the log store does not keep up")}) {
    EXPECT_EQ(told_outside(error), error);
  }
}

TEST(OfPackedBody, DamageIsTheSendersMistakeAndNothingElseIs) {
  const Error damaged = of_packed_body(data_loss("the gzip data is damaged"));
  EXPECT_EQ(damaged.code, ErrorCode::kInvalidArgument);
  EXPECT_NE(damaged.message.find("the gzip data is damaged"), std::string::npos) << damaged;
  EXPECT_EQ(of_packed_body(too_large("a window of 1 GiB")), too_large("a window of 1 GiB"));
}

}  // namespace
}  // namespace fw::capture
