#pragma once

namespace fw {

/// The calling thread, and those that it starts from then on, give way to others by `niceness` more than the process
/// was started with (0 to 19; setpriority(2), of a thread on Linux). Once per thread: a second call changes nothing.
void set_thread_niceness(int niceness);

}  // namespace fw
