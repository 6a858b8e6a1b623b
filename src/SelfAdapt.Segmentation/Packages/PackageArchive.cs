using System.IO.Compression;
using SelfAdapt.Files;

namespace SelfAdapt.Segmentation.Packages;

/// <summary>The files of a package in memory, read within bounds.</summary>
internal sealed class PackageArchive(string path, Dictionary<string, byte[]> files)
{
    private const int MostEntries = 1000;
    private const long MostBytes = 2_000_000_000;

    // Weights hardly shrink in a zip file and test tensors are small: what unpacks to far more is made to fill memory.
    private const long MostGrowth = 32 << 20;
    private const int MostOverhead = 1024;

    public string Path => path;

    public IReadOnlyCollection<string> Names => files.Keys;

    public static PackageArchive Read(string path)
    {
        try
        {
            using FileStream stream = File.OpenRead(path);
            using ZipArchive zip = new(stream, ZipArchiveMode.Read);
            Dictionary<string, byte[]> files = new(StringComparer.Ordinal);
            long left = Math.Min(MostBytes, stream.Length + MostGrowth);
            foreach (ZipArchiveEntry entry in zip.Entries)
            {
                if (entry.FullName.EndsWith('/'))
                {
                    continue;
                }

                // A few bytes that claim to hold many are refused before memory is taken for them.
                left -= entry.Length;
                if (entry.Length > (entry.CompressedLength * ImageLimits.DeflateRatio) + MostOverhead)
                {
                    throw Refused(path, $"'{entry.FullName}' states a length that its data can't have");
                }

                if (files.Count == MostEntries || left < 0 || !files.TryAdd(entry.FullName, Extract(entry)))
                {
                    throw Refused(
                        path,
                        $"it holds more than {MostEntries} files, unpacks to over {MostBytes:N0} bytes or {MostGrowth:N0} "
                        + "more than it has, or holds a name twice");
                }
            }

            return new PackageArchive(path, files);
        }
        catch (InvalidDataException e)
        {
            throw Refused(path, e.Message.TrimEnd('.'), e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException
            or ArgumentException)
        {
            throw new SelfAdaptException(ErrorKind.UnreadableInput, path, $"can't be read: {e.Message}", e);
        }
    }

    /// <summary>Whether a file begins like a zip file that holds a description.</summary>
    public static bool LooksLikeOne(string path)
    {
        try
        {
            using FileStream stream = File.OpenRead(path);
            using ZipArchive zip = new(stream, ZipArchiveMode.Read);
            return zip.GetEntry(PackageFiles.Description) is not null || zip.GetEntry(PackageFiles.OtherDescription) is not null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException
            or NotSupportedException or ArgumentException)
        {
            return false;
        }
    }

    public byte[]? Find(string name) => files.GetValueOrDefault(name);

    private static byte[] Extract(ZipArchiveEntry entry)
    {
        // The length that the directory states bounds what is taken, whatever the data unpack to.
        byte[] content = new byte[entry.Length];
        using Stream stream = entry.Open();
        stream.ReadExactly(content);
        return content;
    }

    private static SelfAdaptException Refused(string path, string why, Exception? cause = null) => new(
        ErrorKind.ModelMalformed, path, $"the package can't be read: {why}.", cause!);
}
