using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Text;

namespace SelfAdapt.Gpu;

/// <summary>The kernels as PTX text: which file holds which kernel.</summary>
internal sealed class PtxLibrary
{
    private const string ResourcePrefix = "ptx/";
    private const string EntryMark = ".visible .entry ";

    private readonly Dictionary<string, string> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, byte[]> _texts = new(StringComparer.Ordinal);

    /// <summary>Reads the names of the kernels.</summary>
    /// <param name="files">The text of each file, by its name.</param>
    /// <exception cref="InvalidDataException">Two files hold a kernel of one name.</exception>
    public PtxLibrary(IReadOnlyDictionary<string, string> files)
    {
        foreach ((string file, string text) in files)
        {
            _texts.Add(file, Encoding.UTF8.GetBytes(text + "\0"));
            foreach (string entry in Entries(text))
            {
                if (!_files.TryAdd(entry, file))
                {
                    throw new InvalidDataException($"The kernel {entry} is in {_files[entry]} and in {file}.");
                }
            }
        }
    }

    /// <summary>The kernels that come with the library.</summary>
    public static PtxLibrary Embedded { get; } = new(ReadEmbedded());

    /// <summary>The names of all kernels.</summary>
    public IReadOnlyCollection<string> Kernels => _files.Keys;

    /// <summary>The names of all files.</summary>
    public IReadOnlyCollection<string> Files => _texts.Keys;

    /// <summary>What a kernel, named Class.Method, is called in PTX.</summary>
    /// <param name="kernel">Its name.</param>
    public static string EntryOf(string kernel) => kernel.Replace('.', '_');

    /// <summary>A file's text, with a zero behind it.</summary>
    /// <param name="file">Its name.</param>
    public byte[] Text(string file) => _texts[file];

    /// <summary>The file that holds a kernel, and its text with a zero behind it; null where none does.</summary>
    /// <param name="entry">The kernel's name in PTX.</param>
    public (string File, byte[] Text)? Find(string entry) =>
        _files.TryGetValue(entry, out string? file) ? (file, _texts[file]) : null;

    private static IEnumerable<string> Entries(string text)
    {
        for (int at = text.IndexOf(EntryMark, StringComparison.Ordinal); at >= 0;
            at = text.IndexOf(EntryMark, at, StringComparison.Ordinal))
        {
            at += EntryMark.Length;
            int end = text.IndexOfAny(['(', ' ', '\r', '\n'], at);
            yield return end < 0 ? text[at..] : text[at..end];
        }
    }

    private static Dictionary<string, string> ReadEmbedded()
    {
        Assembly assembly = typeof(PtxLibrary).Assembly;
        return assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(ResourcePrefix, StringComparison.Ordinal))
            .ToDictionary(name => name[ResourcePrefix.Length..], name =>
            {
                using StreamReader reader = new(assembly.GetManifestResourceStream(name)!);
                return reader.ReadToEnd();
            });
    }
}
