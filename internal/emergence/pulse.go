package emergence

// batches is the state of the control of false discoveries over time.
type batches struct{}
