// The table of commands.

#include "cli/commands.h"

#include <array>

namespace suit::cli {
namespace {

constexpr std::size_t kAny = SIZE_MAX;
constexpr Order kMixed = Order::Mixed;
constexpr Order kFirst = Order::FlagsFirst;
constexpr ExitRule kPlain = ExitRule::Plain;
constexpr ExitRule kRun = ExitRule::Run;

constexpr std::array kCommands = std::to_array<Command>({
    {"run,container run", "[OPTIONS] IMAGE [COMMAND] [ARG...]",
     "Create and run a new container from an image",
     "  suit run --rm python:3.12 python -c 'print(1)'\n"
     "  suit run -d --name web -v ./site:/srv:ro httpd\n"
     "  suit run --rm --explain busybox true\n",
     1, kAny, kFirst, kRun, container_run},
    {"ps,container ls,container list,container ps", "[OPTIONS]", "List containers",
     "  suit ps -a --format '{{.Names}}: {{.Status}}'\n", 0, 0, kMixed, kPlain, container_list},
    {"build,image build,builder build", "[OPTIONS] PATH", "Build an image from a Dockerfile",
     "  suit build -t app:1 .\n  suit build --target test --build-arg VERSION=2 .\n"
     "  suit build --explain .\n",
     1, 1, kMixed, kPlain, build_image},
    {"images,image ls,image list", "[OPTIONS] [REPOSITORY[:TAG]]", "List images",
     "  suit images 'team/*'\n  suit images --format '{{.Repository}}:{{.Tag}} {{.Size}}'\n", 0, 1,
     kMixed, kPlain, image_list},
    {"create,container create", "[OPTIONS] IMAGE [COMMAND] [ARG...]", "Create a new container", "",
     1, kAny, kFirst, kPlain, container_create},
    {"start,container start", "[OPTIONS] CONTAINER [CONTAINER...]",
     "Start one or more stopped containers", "", 1, kAny, kMixed, kPlain, container_start},
    {"stop,container stop", "[OPTIONS] CONTAINER [CONTAINER...]",
     "Stop one or more running containers", "", 1, kAny, kMixed, kPlain, container_stop},
    {"kill,container kill", "[OPTIONS] CONTAINER [CONTAINER...]",
     "Kill one or more running containers", "", 1, kAny, kMixed, kPlain, container_kill},
    {"wait,container wait", "CONTAINER [CONTAINER...]",
     "Block until one or more containers stop, then print their exit codes", "", 1, kAny, kMixed,
     kPlain, container_wait},
    {"logs,container logs", "[OPTIONS] CONTAINER", "Fetch the logs of a container",
     "  suit logs -f --tail 20 web\n", 1, 1, kMixed, kPlain, container_logs},
    {"rm,container rm,container remove", "[OPTIONS] CONTAINER [CONTAINER...]",
     "Remove one or more containers", "", 1, kAny, kMixed, kPlain, container_remove},
    {"container prune", "[OPTIONS]", "Remove all stopped containers", "", 0, 0, kMixed, kPlain,
     container_prune},
    {"container inspect", "[OPTIONS] CONTAINER [CONTAINER...]",
     "Display detailed information on one or more containers", "", 1, kAny, kMixed, kPlain,
     container_inspect},
    {"inspect", "[OPTIONS] NAME|ID [NAME|ID...]",
     "Return low-level information on images and containers",
     "  suit inspect --format '{{json .Config.Env}}' python:3.12\n", 1, kAny, kMixed, kPlain,
     inspect_any},
    {"image inspect", "[OPTIONS] IMAGE [IMAGE...]",
     "Display detailed information on one or more images", "", 1, kAny, kMixed, kPlain,
     image_inspect},
    {"history,image history", "[OPTIONS] IMAGE", "Show the history of an image", "", 1, 1, kMixed,
     kPlain, image_history},
    {"tag,image tag", "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
     "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE", "", 2, 2, kMixed, kPlain, image_tag},
    {"rmi,image rm,image remove", "[OPTIONS] IMAGE [IMAGE...]", "Remove one or more images", "", 1,
     kAny, kMixed, kPlain, image_remove},
    {"image prune", "[OPTIONS]", "Remove unused images", "", 0, 0, kMixed, kPlain, image_prune},
    {"image layers", "[OPTIONS] IMAGE",
     "Show what each layer of an image adds, changes, deletes and wastes",
     "  suit image layers app:1\n  suit image layers --files --no-trunc app:1\n"
     "  suit image layers --format html app:1 > app.html\n",
     1, 1, kMixed, kPlain, image_layers},
    {"image diff", "[OPTIONS] IMAGE IMAGE", "Show the files and settings in which two images differ",
     "  suit image diff app:1 app:2\n", 2, 2, kMixed, kPlain, image_diff},
    {"image tree", "[IMAGE...]", "Show the layers that images share, as a tree",
     "  suit image tree\n", 0, kAny, kMixed, kPlain, image_tree},
    {"save,image save", "[OPTIONS] IMAGE [IMAGE...]",
     "Save one or more images to a tar archive (streamed to STDOUT by default)",
     "  suit save -o app.tar app:1\n  suit save --compression zstd app:1 > app.tar\n", 1, kAny, kMixed,
     kPlain, image_save},
    {"load,image load", "[OPTIONS]", "Load an image from a tar archive or STDIN",
     "  suit load -i app.tar\n  docker save app:1 | suit load\n  suit load -i layout/\n", 0, 0, kMixed, kPlain, image_load},
    {"import,image import", "[OPTIONS] FILE|- [REPOSITORY[:TAG]]",
     "Import the contents from a tarball to create a filesystem image",
     "  suit import rootfs.tar.gz debian:mine\n", 1, 2, kMixed, kPlain, image_import},
    {"lint", "[OPTIONS] [FILE|DIR|-]...", "Check Dockerfiles for mistakes, leaks and waste",
     "  suit lint\n  suit lint --fix --dry-run Dockerfile\n"
     "  suit lint --format sarif . > lint.sarif\n  suit lint --rules UnpinnedPackage\n"
     "\nExit codes:\n  0 nothing to report, 1 an error or a finding of --fail-on or worse,\n"
     "  125 wrong flags\n",
     0, kAny, kMixed, kPlain, lint_files},
    {"dockerfile ast", "[OPTIONS] FILE|-", "Show how a Dockerfile is read",
     "  suit dockerfile ast --format json Dockerfile\n", 1, 1, kMixed, kPlain, dockerfile_ast},
    {"dockerfile graph", "[OPTIONS] FILE|-", "Show which stage needs which",
     "  suit dockerfile graph --format svg Dockerfile > stages.svg\n", 1, 1, kMixed, kPlain,
     dockerfile_graph},
    {"dockerfile expand", "[OPTIONS] FILE|-", "Show every instruction with its variables replaced",
     "  suit dockerfile expand --target test --build-arg VERSION=2 Dockerfile\n", 1, 1, kMixed,
     kPlain, dockerfile_expand},
    {"dockerfile format", "[OPTIONS] FILE|-", "Write a Dockerfile in its canonical form",
     "  suit dockerfile format -w Dockerfile\n  suit dockerfile format --check Dockerfile\n", 1, 1,
     kMixed, kPlain, dockerfile_format},
    {"builder prune", "[OPTIONS]", "Remove build cache", "", 0, 0, kMixed, kPlain, builder_prune},
    {"name explain", "[OPTIONS] NAME [NAME...]",
     "Show what an image's name means, part by part, and what was assumed",
     "  suit name explain python\n"
     "  suit name explain --format '{{.Canonical}}' localhost:5000/app\n",
     1, kAny, kMixed, kPlain, name_explain},
    {"name registries", "[OPTIONS]", "List the registries that people meet, and their names' shape",
     "", 0, 0, kMixed, kPlain, name_registries},
    {"version", "[OPTIONS]", "Show the version", "", 0, 0, kMixed, kPlain, show_version},
    {"info,system info", "[OPTIONS]", "Display system-wide information", "", 0, 0, kMixed, kPlain,
     show_info},
    {"system check", "[OPTIONS]", "Verify every image, layer and record of the store",
     "  suit system check --repair\n", 0, 0, kMixed, kPlain, check_system},
    {"system df", "[OPTIONS]", "Show disk usage", "  suit system df -v\n", 0, 0, kMixed, kPlain,
     system_df},
    {"system prune", "[OPTIONS]", "Remove unused data", "  suit system prune -a -f\n", 0, 0, kMixed,
     kPlain, system_prune},
    {"completion", "bash", "Print a script that completes commands, flags and names",
     "  source <(suit completion bash)\n", 1, 1, kMixed, kPlain, completion},
    {"__complete", "", "", "", 0, kAny, kFirst, kPlain, complete},
});

}  // namespace

std::span<const Command> all_commands() { return kCommands; }

}  // namespace suit::cli
