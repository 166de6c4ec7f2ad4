//go:build unix && !linux

package embedded

import (
	"os/exec"
	"syscall"
)

// tieToParent keeps the terminal's Ctrl-C from the child: this process ends it when everything is written. That the
// child ends with this process rests on its standard input alone here.
func tieToParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

// releaseCode leaves the memory of code to the system.
func releaseCode(string) error { return nil }
