// Command kube is the parts of Kubernetes that tests run, as one program.
//
//	kube apiserver --etcd-data-dir=DIR …   kube-apiserver with one member of etcd inside it
//	kube proxy …                           kube-proxy
//	kube endpoints …                       kube-controller-manager, with the EndpointSlice controller alone
//	kube kubectl …                         kubectl
//	kube etcd …                            etcd
//
// Each is the command that Kubernetes and etcd publish and takes the same flags. Five programs would link the same
// libraries five times; one does it once.
package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"          // --logging-format=json
	_ "k8s.io/component-base/metrics/prometheus/clientgo" // metrics of the API client, as in the published commands
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlerrors "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	"k8s.io/kubernetes/cmd/kube-controller-manager/names"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
)

var commands = map[string]func(){
	"apiserver": runAPIServer,
	"proxy":     func() { os.Exit(cli.Run(proxy.NewProxyCommand())) },
	"endpoints": runEndpoints,
	"kubectl":   runKubectl,
	"etcd":      func() { etcdmain.Main(os.Args) },
}

func main() {
	if len(os.Args) > 1 {
		if run, known := commands[os.Args[1]]; known {
			os.Args = slices.Delete(os.Args, 1, 2)
			run()
			return
		}
	}
	known := make([]string, 0, len(commands))
	for name := range commands {
		known = append(known, name)
	}
	slices.Sort(known)
	fail(fmt.Errorf("usage: kube %s [flags]", strings.Join(known, "|")))
}

// runAPIServer starts kube-apiserver. With --etcd-data-dir=DIR it starts etcd first, in this process, on a port of
// the loopback interface that the kernel picks, and points the server to it.
func runAPIServer() {
	const flag = "--etcd-data-dir="
	for i, argument := range os.Args {
		if folder, given := strings.CutPrefix(argument, flag); given {
			address, err := startEtcd(folder)
			if err != nil {
				fail(err)
			}
			os.Args[i] = "--etcd-servers=" + address
		}
	}
	os.Exit(cli.Run(apiserver.NewAPIServerCommand()))
}

// runEndpoints puts its own settings in front, so that flags of the caller still win.
func runEndpoints() {
	os.Args = slices.Insert(os.Args, 1, "--controllers="+names.EndpointSliceController, "--leader-elect=false")
	os.Exit(cli.Run(controllers.NewControllerManagerCommand()))
}

func runKubectl() {
	if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
		kubectlerrors.CheckErr(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "kube:", err)
	os.Exit(1)
}
