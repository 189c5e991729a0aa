// The pages of the program and its libraries that only the start needed.
#pragma once

namespace postern {

// Unmaps the code and constants of the program and its libraries, half of what is resident after a start: the kernel maps
// sixteen pages wherever one is read, and most of what was read has loaded the libraries and the configuration. What is
// needed again comes back from the page cache at its next use. A mapping that holds a page of this process' own (what was
// relocated, a debugger's or a tracer's breakpoint) is left as it is.
void unmap_start_pages();

}  // namespace postern
