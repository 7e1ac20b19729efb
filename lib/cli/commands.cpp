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
    {"save,image save", "[OPTIONS] IMAGE [IMAGE...]",
     "Save one or more images to a tar archive (streamed to STDOUT by default)",
     "  suit save -o app.tar app:1\n  suit save app:1 | zstd > app.tar.zst\n", 1, kAny, kMixed,
     kPlain, image_save},
    {"load,image load", "[OPTIONS]", "Load an image from a tar archive or STDIN",
     "  suit load -i app.tar\n  docker save app:1 | suit load\n", 0, 0, kMixed, kPlain, image_load},
    {"import,image import", "[OPTIONS] FILE|- [REPOSITORY[:TAG]]",
     "Import the contents from a tarball to create a filesystem image",
     "  suit import rootfs.tar.gz debian:mine\n", 1, 2, kMixed, kPlain, image_import},
    {"builder prune", "[OPTIONS]", "Remove build cache", "", 0, 0, kMixed, kPlain, builder_prune},
    {"gpu probe", "[OPTIONS]", "Show what this host has for computing on GPUs", "", 0, 0, kMixed,
     kPlain, gpu_probe},
    {"gpu doctor", "[OPTIONS]", "Find out why a GPU does not work, and whose side it is on",
     "  suit gpu doctor --image pytorch:2 --gpus all\n"
     "Exits with 0 (well), 1 (host), 2 (image), 3 (both), 4 (request) or 5 (cannot tell)\n",
     0, 0, kMixed, kPlain, gpu_doctor},
    {"cdi generate", "[OPTIONS]", "Write a CDI specification for this host's GPUs",
     "  suit cdi generate --output /etc/cdi/nvidia.yaml\n"
     "  podman run --device nvidia.com/gpu=all IMAGE nvidia-smi\n",
     0, 0, kMixed, kPlain, cdi_generate},
    {"cdi list", "[OPTIONS]", "List the devices of all CDI files", "", 0, 0, kMixed, kPlain,
     cdi_list},
    {"cdi validate", "FILE [FILE...]", "Check CDI files", "", 1, kAny, kMixed, kPlain,
     cdi_validate},
    {"cdi inject", "[OPTIONS] CONFIG [DEVICE...]",
     "Print an OCI config.json with devices added to it",
     "  suit cdi inject bundle/config.json vendor.com/class=name\n", 1, kAny, kMixed, kPlain,
     cdi_inject},
    {"cdi hook", "VERB [FLAGS]", "Do what a CDI file's hook asks for (for other engines)", "", 0,
     kAny, kFirst, kPlain, cdi_hook},
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
    {"system check", "", "Verify every image, layer and record of the store", "", 0, 0, kMixed,
     kPlain, check_system},
    {"completion", "bash", "Print a script that completes commands, flags and names",
     "  source <(suit completion bash)\n", 1, 1, kMixed, kPlain, completion},
    {"__complete", "", "", "", 0, kAny, kFirst, kPlain, complete},
});

}  // namespace

std::span<const Command> all_commands() { return kCommands; }

}  // namespace suit::cli
