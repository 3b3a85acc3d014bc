// How jemalloc behaves in the programs of this folder; it reads this variable when it starts.

// Tensors of one size come and go at every step: keep their pages instead of returning them to the system.
extern "C" const char* malloc_conf;
extern "C" const char* malloc_conf = "dirty_decay_ms:-1,muzzy_decay_ms:-1,oversize_threshold:0,thp:always,narenas:2";
