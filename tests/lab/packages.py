"""Kernels and busybox for the guests, from other suites of the mirror this system already uses.

apt does the work with state of its own, so the system's lists, preferences and packages stay
as they are. Nothing is installed: packages are unpacked next to that state.
"""

import os
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import cache
from guests import DEBIAN_ARCH

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
INDEX_DAYS = 7
# The packages a kernel is spread over; before 6.13 or so there was only linux-image.
KERNEL_PART = re.compile(r"linux-(?:image|binary|modules|base)-\d[^ ,|]*")


def _sources(suite):
    """sources.list for one suite: each configured Debian mirror, security mirrors included."""
    sites = subprocess.run(["apt-get", "indextargets", "--format", "$(ORIGIN) $(SITE)"], check=True,
                           capture_output=True, text=True).stdout.splitlines()
    lines = []
    for site in sorted({line.split(" ", 1)[1] for line in sites if line.startswith("Debian ")}):
        security = site.rstrip("/").endswith("security")
        if security and suite == "sid":
            continue
        release = f"{suite}-security" if security else suite
        lines.append(f"deb [signed-by={KEYRING}] {site} {release} main\n")
    if not lines:
        raise RuntimeError("apt knows no Debian mirror: apt-get indextargets lists none")
    return "".join(lines)


@dataclass(frozen=True)
class Kernel:
    release: str
    version: str        # of the Debian package
    image: Path
    modules: Path       # .../modules/RELEASE


class Suite:
    """One suite, one architecture."""

    def __init__(self, suite, arch):
        self.suite = suite
        self.arch = DEBIAN_ARCH[arch]
        self.home = cache.root() / "packages" / f"{suite}-{self.arch}"

    def _apt(self, *command, **options):
        environment = dict(os.environ, APT_CONFIG=str(self.home / "apt.conf"))
        return subprocess.run(command, check=True, text=True, env=environment, **options)

    def refresh(self):
        """Reads the suite's index, unless that was done lately."""
        done = self.home / "refreshed"
        if done.exists() and time.time() - done.stat().st_mtime < INDEX_DAYS * 86400:
            return
        for part in ("lists/partial", "archives/partial", "debs", "roots"):
            (self.home / part).mkdir(parents=True, exist_ok=True)
        (self.home / "status").touch()
        (self.home / "sources.list").write_text(_sources(self.suite))
        (self.home / "apt.conf").write_text("\n".join((
            f'Dir::Etc::sourcelist "{self.home}/sources.list";',
            'Dir::Etc::sourceparts "/dev/null";',
            'Dir::Etc::preferences "/dev/null";',
            'Dir::Etc::preferencesparts "/dev/null";',
            f'Dir::State::lists "{self.home}/lists";',
            f'Dir::State::status "{self.home}/status";',
            f'Dir::Cache "{self.home}";',
            f'APT::Architecture "{self.arch}";',
            f'APT::Architectures {{ "{self.arch}"; }};',
            'APT::Sandbox::User "root";',
            # A suite past its support has a release file that is past its date.
            'Acquire::Check-Valid-Until "false";',
            'Acquire::Languages "none";',
            'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";',
        )) + "\n")
        self._apt("apt-get", "-q", "update", stdout=subprocess.DEVNULL)
        done.touch()

    def _show(self, package):
        """Every version of a package, newest first: its control fields."""
        text = self._apt("apt-cache", "show", package, capture_output=True).stdout
        return [dict(line.split(": ", 1) for line in paragraph.splitlines()
                     if re.match(r"[A-Z][\w-]*: ", line))
                for paragraph in text.strip().split("\n\n")]

    def _parts(self, depends):
        """The versioned kernel packages that a meta package's Depends leads to."""
        found, ahead = [], KERNEL_PART.findall(depends)
        while ahead:
            name = ahead.pop()
            if name not in found:
                found.append(name)
                ahead += KERNEL_PART.findall(self._show(name)[0].get("Depends", ""))
        return sorted(found)

    def _unpacked(self, label, packages):
        """A directory with the packages' files, made once."""
        root = self.home / "roots" / label
        if root.exists():
            return root
        partial = root.with_name(label + ".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        # Debian merged /lib into /usr/lib; older packages still say /lib.
        (partial / "usr/lib").mkdir(parents=True)
        (partial / "lib").symlink_to("usr/lib")
        debs = self.home / "debs"
        self._apt("apt-get", "-q", "download", *packages, cwd=debs, stdout=subprocess.DEVNULL)
        for package in packages:
            for deb in debs.glob(f"{package.partition('=')[0]}_*.deb"):
                files = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb],
                                         stdout=subprocess.PIPE)
                subprocess.run(["tar", "-x", "--keep-directory-symlink", "-C", partial],
                               stdin=files.stdout, check=True)
                if files.wait():
                    raise RuntimeError(f"cannot unpack {deb}")
                deb.unlink()
        partial.rename(root)
        return root

    def _newest(self, package, parts):
        """Unpacks the newest version the mirror really has: an index may promise more."""
        self.refresh()
        for fields in self._show(package):
            version = fields["Version"]
            try:
                return self._unpacked(f"{package}_{version}", parts(fields)), version
            except subprocess.CalledProcessError:
                print(f"{package} {version}: cannot be had, trying the one before")
        raise RuntimeError(f"the mirror has no {package} for {self.suite} {self.arch}")

    def kernel(self, package):
        root, version = self._newest(package, lambda fields: self._parts(fields["Depends"]))
        modules, = (root / "usr/lib/modules").iterdir()
        if not (modules / "modules.dep").exists():
            subprocess.run(["depmod", "-b", root, modules.name], check=True)
        image = next(path for path in (root / f"boot/vmlinuz-{modules.name}", modules / "vmlinuz")
                     if path.exists())
        return Kernel(modules.name, version, image, modules)

    def package(self, name, *others):
        """Where the files of a package are, and of others that it needs."""
        root, _ = self._newest(name, lambda fields: [f"{name}={fields['Version']}", *others])
        return root

    def busybox(self):
        root = self.package("busybox-static")
        return next(path for path in (root / "usr/bin/busybox", root / "bin/busybox")
                    if path.exists())
