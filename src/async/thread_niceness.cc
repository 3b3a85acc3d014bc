#include "async/thread_niceness.h"

#include <sys/resource.h>

namespace fw {

void set_thread_niceness(int niceness) {
  thread_local bool is_set = false;
  if (is_set) return;
  is_set = true;
  // 0 is the calling thread. A system that refuses leaves it as it is: slower for others, not wrong.
  ::setpriority(PRIO_PROCESS, 0, ::getpriority(PRIO_PROCESS, 0) + niceness);
}

}  // namespace fw
