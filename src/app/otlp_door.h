#pragma once

#include <optional>
#include <ostream>

#include "api/health.h"
#include "app/capture_door.h"
#include "app/config/face_section.h"
#include "async/event_loops.h"
#include "capture/otlp/otlp_face.h"

namespace fw::app {

/// The listener of OTLP over HTTP.
class OtlpDoor final {
 public:
  /// Everything outlives the door.
  OtlpDoor(const OtlpSettings& settings, capture::OtlpFaceDependencies dependencies, const EventLoops& loops);
  ~OtlpDoor();
  OtlpDoor(const OtlpDoor&) = delete;
  OtlpDoor& operator=(const OtlpDoor&) = delete;

  /// Listens, unless the settings turn it off. Blocks for a file.
  void open();
  /// Running requests may end within `grace`. Not on the event loops' threads.
  void close(Duration grace);

  /// Nothing where it is turned off. Any thread once open() has returned, as write_metrics().
  [[nodiscard]] std::optional<api::Face> face() const;
  void write_metrics(std::ostream& out) const;

 private:
  const bool enabled_;
  capture::OtlpFace face_;
  net::Server server_;
  Status state_ = unavailable("not opened yet");
};

}  // namespace fw::app
