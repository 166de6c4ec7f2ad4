package embedded

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// tieToParent makes the child die with this process even if it does not notice that its standard input is closed, and
// keeps the terminal's Ctrl-C from it: this process ends it when everything is written.
func tieToParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// releaseCode gives back the memory in which the code of a library lies. Code is never written, so the system reads again
// what is called again; what only the start needed, some 80 MB of it, stays on disk.
func releaseCode(library string) error {
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(maps)) {
		var start, end uintptr
		var access, offset, device, inode, path string
		if n, _ := fmt.Sscanf(line, "%x-%x %s %s %s %s %s", &start, &end, &access, &offset, &device, &inode, &path); n < 7 || access != "r-xp" || path != library {
			continue // of something else, or written to by the linker
		}
		if _, _, errno := syscall.Syscall(syscall.SYS_MADVISE, start, end-start, syscall.MADV_DONTNEED); errno != 0 {
			return fmt.Errorf("give back the memory of code: %w", errno)
		}
	}
	return nil
}
