"""Writes a C++ source that holds files: embed.py OUTPUT INPUT..."""
import pathlib
import sys

output, inputs = pathlib.Path(sys.argv[1]), [pathlib.Path(name) for name in sys.argv[2:]]
lines = ['// Made by plugins/skeleton/embed.py at build time.',
         '#include "core/path/kit_skeleton.h"', '',
         'namespace sallyport {', 'namespace {', '']
for index, path in enumerate(inputs):
    lines.append(f'constexpr char file_{index}[] = {{')
    data = path.read_bytes()
    for at in range(0, len(data), 24):
        # As numbers: a literal would be cut at the compiler's limit and mangled by trigraphs.
        lines.append('  ' + ', '.join(str(byte - 256 if byte > 127 else byte) for byte in data[at:at + 24]) + ',')
    lines.append('};')
lines += ['', 'constexpr SkeletonFile files[] = {']
for index, path in enumerate(inputs):
    name = f'transcripts/{path.name}' if path.suffix == '.transcript' else path.name
    lines.append(f'  {{"{name}", {{file_{index}, sizeof file_{index}}}}},')
lines += ['};', '', '}  // namespace', '',
          'std::span<const SkeletonFile> skeleton_files() { return files; }', '',
          '}  // namespace sallyport', '']
output.write_text('\n'.join(lines))
