// Starts `sleep 600` through a launcher, prints its number, and waits to be killed.
#include <unistd.h>

#include <cstdio>

#include "io/process.h"

int main() {
  fw::io::ProcessLauncher launcher;
  const auto child = launcher.start({.program = "/bin/sleep", .arguments = {"600"}});
  if (!child.ok()) return 1;
  std::printf("%d\n", static_cast<int>((*child)->pid()));
  std::fflush(stdout);
  while (true) ::pause();
}
