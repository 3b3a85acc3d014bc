// How jemalloc behaves in the programs of this folder; it reads this variable when it starts.

// Tensors of one size come and go at every step: keep their pages instead of returning them to the system. A piece of
// any size may then be cut from what is kept: with jemalloc's own bound (of 64 times the size) the small ones between
// tensors of ever other lengths take new memory at every step, without end.
extern "C" const char* malloc_conf;
extern "C" const char* malloc_conf =
    "dirty_decay_ms:-1,muzzy_decay_ms:-1,lg_extent_max_active_fit:16,oversize_threshold:0,thp:always,narenas:2";
