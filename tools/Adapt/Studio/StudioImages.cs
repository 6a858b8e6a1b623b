using SelfAdapt.Files;
using SelfAdapt.Files.Images;

namespace SelfAdapt.Tool.Studio;

/// <summary>A small PNG, and what it is of.</summary>
internal sealed record ImageThumbnail(byte[] Png, int Channels, int Height, int Width, int Planes);

/// <summary>The images of a folder: listed at once, read when they are looked at, a few kept in memory.</summary>
internal sealed class StudioImages : IDisposable
{
    private const int ThumbnailSide = 128;
    private const long PixelBytes = 384L << 20;
    private const long ThumbnailBytes = 32L << 20;

    private readonly BoundedCache<int, NamedImage[]> _read = new(PixelBytes);
    private readonly BoundedCache<int, ImageThumbnail> _thumbnails = new(ThumbnailBytes);

    // Decoding takes memory: two at a time, whatever the number of pages that ask.
    private readonly SemaphoreSlim _reading = new(2);
    private readonly string _folder;

    /// <summary>Lists a folder.</summary>
    /// <exception cref="SelfAdaptException">UnreadableInput: it can't be read.</exception>
    public StudioImages(string folder)
    {
        _folder = folder;
        List<SkippedFile> skipped = [];
        Files = [.. ImageFolder.ListFiles(folder, "", skipped)];
        Skipped = skipped.Count;
    }

    /// <summary>The images' files, in natural order.</summary>
    public IReadOnlyList<string> Files { get; }

    /// <summary>Files of kinds that are not read.</summary>
    public int Skipped { get; }

    /// <summary>The planes of an image: one, or those of a stack or series.</summary>
    /// <exception cref="SelfAdaptException">UnreadableInput: it can't be read, or is a link out of the folder.</exception>
    public NamedImage[] Read(int index) => _read.Get(index, () => Load(index), Size);

    /// <summary>A small picture of an image; its pixels are not kept, so that a glance at all pushes out none in use.</summary>
    public ImageThumbnail Thumbnail(int index) => _thumbnails.Get(
        index,
        () =>
        {
            NamedImage[] read = Load(index);
            Image first = read[0].Image;
            return new ImageThumbnail(
                PixelPacking.Thumbnail(first, ThumbnailSide), first.Channels, first.Height, first.Width, read.Length);
        },
        t => t.Png.Length);

    /// <summary>Bytes that images and thumbnails take in memory now.</summary>
    public long BytesKept => _read.Bytes + _thumbnails.Bytes;

    public void Dispose() => _reading.Dispose();

    private static long Size(NamedImage[] planes) => planes.Sum(p => sizeof(float) * (long)p.Image.Pixels.Length);

    private NamedImage[] Load(int index)
    {
        string file = Files[index];
        RequireWithin(file);
        _reading.Wait();
        try
        {
            List<SkippedFile> skipped = [];
            NamedImage[] planes = [.. ImageFolder.ReadFile(file, new HashSet<string>(), skipped, withSet: true)];
            return planes.Length > 0
                ? planes
                : throw new SelfAdaptException(ErrorKind.UnreadableInput, file, skipped.FirstOrDefault()?.Reason ?? "is empty.");
        }
        finally
        {
            _reading.Release();
        }
    }

    private void RequireWithin(string file)
    {
        FileSystemInfo? target = new FileInfo(file).ResolveLinkTarget(returnFinalTarget: true);
        if (target is not null
            && !target.FullName.StartsWith(_folder + Path.DirectorySeparatorChar, StringComparison.Ordinal))
        {
            throw new SelfAdaptException(
                ErrorKind.UnreadableInput, file, "is a link to a file outside the folder, which is not opened.");
        }
    }
}
