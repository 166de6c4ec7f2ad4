# Reads the output of go test -bench with -count and prints, for each benchmark, the median of posts per second of
# processor time.
/^Benchmark/ {
	for (i = 3; i < NF; i++)
		if ($(i + 1) == "posts/cpu-s") {
			if (!($1 in n)) order[++names] = $1
			runs[$1, ++n[$1]] = $i
		}
}
/^(FAIL|panic|---)/ { print; failed = 1 }
END {
	for (k = 1; k <= names; k++) {
		name = order[k]
		for (i = 2; i <= n[name]; i++)
			for (j = i; j > 1 && runs[name, j] + 0 < runs[name, j - 1] + 0; j--) {
				t = runs[name, j]; runs[name, j] = runs[name, j - 1]; runs[name, j - 1] = t
			}
		printf "%-48s %12.0f posts/s\n", substr(name, 10), runs[name, int((n[name] + 1) / 2)]
	}
	exit failed || !names
}
