// Command nginx stands where the ingress-nginx controller expects its own nginx (NGINX_BINARY) and runs the nginx of
// the distribution.
//
// The controller's image carries an nginx that is newer and has a Lua module for streams. So the configuration that
// the controller writes is kept as it is, and nginx is given a copy in which these things differ, and nothing else:
//
//   - the modules that the controller's image has built in are loaded in front;
//   - "http2 on;" is left out (nginx 1.25.1 and later only);
//   - the Lua libraries that the distribution lacks are found beside this program;
//   - streams go to one fixed backend, STREAM_BACKEND, instead of the endpoints that Lua would choose.
//
// No directive that decides about access (allow, deny, real_ip, satisfy, auth, return) is touched.
//
// The controller calls it as "nginx -c FILE [-t | -s reload | -s quit]" and "nginx -v".
// Source: kubernetes/ingress-nginx internal/ingress/controller/util.go (NginxCommand).
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// copySuffix is added to the name of the controller's file for the copy that nginx reads.
const copySuffix = ".debian"

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "nginx wrapper:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	nginx, err := findNginx(filepath.Dir(self))
	if err != nil {
		return err
	}
	if at := slices.Index(arguments, "-c") + 1; at > 0 && at < len(arguments) {
		written, err := os.ReadFile(arguments[at])
		if err != nil {
			return err
		}
		arguments[at] += copySuffix
		changed := adapt(string(written), surroundings{
			libraries:     filepath.Join(filepath.Dir(self), "lua"),
			streamBackend: os.Getenv("STREAM_BACKEND"),
			root:          os.Geteuid() == 0,
		})
		if err := os.WriteFile(arguments[at], []byte(changed), 0o644); err != nil {
			return err
		}
	}
	return syscall.Exec(nginx, append([]string{"nginx"}, arguments...), os.Environ())
}

// findNginx looks through PATH, and /usr/sbin which is not in everybody's, for an nginx that is not in own.
func findNginx(own string) (string, error) {
	for _, folder := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/sbin") {
		candidate := filepath.Join(folder, "nginx")
		if info, err := os.Stat(candidate); err == nil && info.Mode().IsRegular() && folder != own {
			return candidate, nil
		}
	}
	return "", errors.New("no nginx in PATH: apt-get install nginx-core")
}
