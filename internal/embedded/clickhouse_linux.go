package embedded

import (
	"os/exec"
	"syscall"
)

// tieToParent makes the child die with this process even if it does not notice that its standard input is closed, and
// keeps the terminal's Ctrl-C from it: this process ends it when everything is written.
func tieToParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
