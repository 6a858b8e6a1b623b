using SelfAdapt.Files;
using SelfAdapt.Files.Images;

namespace SelfAdapt.Tool.Studio;

/// <summary>A small PNG, and what it is of.</summary>
internal sealed record ImageThumbnail(byte[] Png, ImageFormat Format);

/// <summary>The size of an image's first plane, and how many there are.</summary>
/// <param name="Shape">How the planes lie in depth and time; null where they are no such grid.</param>
internal sealed record ImageFormat(int Channels, int Height, int Width, int Planes, StackShape? Shape)
{
    /// <summary>That of planes that were read; some of a file's may have been passed over.</summary>
    public static ImageFormat Of(IReadOnlyList<NamedImage> planes)
    {
        Image first = planes[0].Image;
        StackShape? shape = planes[0].Shape is { } grid && grid.Slices * grid.Times == planes.Count ? grid : null;
        return new(first.Channels, first.Height, first.Width, planes.Count, shape);
    }

    /// <summary>What the page is told: channels, height, width, planes, then slices, time points, and 1 where these come first.</summary>
    public (string Name, string Value) Header => ("X-Image", FormattableString.Invariant(
        $"{Channels} {Height} {Width} {Planes}{(Shape is null ? "" : $" {Shape.Slices} {Shape.Times} {(Shape.TimesFirst ? 1 : 0)}")}"));
}

/// <summary>The images of a folder: listed at once, read when they are looked at, a few kept in memory.</summary>
internal sealed class StudioImages : IDisposable
{
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
            return new ImageThumbnail(PixelPacking.Thumbnail(read[0].Image), ImageFormat.Of(read));
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
