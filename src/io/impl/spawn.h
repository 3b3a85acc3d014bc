#pragma once

#include <sys/types.h>

#include "base/result.h"
#include "io/process.h"

namespace fw::io {

/// A fresh child and our ends of what connects us to it. Plain numbers: the caller owns them from here on.
struct Spawned {
  pid_t pid = -1;
  int pidfd = -1;
  int out = -1;  ///< reads its standard output
  int err = -1;  ///< reads its standard error
};

/// Forks and loads the program; the child is killed when the calling thread ends. Returns once the program was loaded.
[[nodiscard]] Result<Spawned> spawn(const ProcessSpec& spec);

}  // namespace fw::io
