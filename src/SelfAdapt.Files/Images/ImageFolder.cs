using SelfAdapt.Files.Tiff.Planes;

namespace SelfAdapt.Files.Images;

/// <summary>A file that was passed over.</summary>
/// <param name="File">The file.</param>
/// <param name="Reason">Why, in a sentence for the user.</param>
internal sealed record SkippedFile(string File, string Reason)
{
    /// <summary>A file that is passed over for an error, whose message may begin with the file's name.</summary>
    public static SkippedFile Of(string file, SelfAdaptException error)
    {
        string prefix = file + ": ";
        string message = error.Message;
        return new(file, message.StartsWith(prefix, StringComparison.Ordinal) ? message[prefix.Length..] : message);
    }
}

/// <summary>
/// The images of a folder (or of one file): what Cellpose would take as input (docs/cellpose.md 7),
/// less what can't be used, which is listed with the reason.
/// </summary>
public sealed class ImageFolder
{
    private static readonly string[] ResultEndings =
    [
        "_masks", "_flows", "_flows_0", "_flows_1", "_flows_2", "_cellprob", "_cp_output", "_outlines",
        "_cp_outlines", "_seg", "_dP",
    ];

    private ImageFolder(IReadOnlyList<NamedImage> images, IReadOnlyList<SkippedFile> skipped)
        => (Images, Skipped) = (images, skipped);

    /// <summary>The usable images, at least one, in natural order, names unique.</summary>
    public IReadOnlyList<NamedImage> Images { get; }

    /// <summary>The files (or pages) that were passed over, each with its reason.</summary>
    internal IReadOnlyList<SkippedFile> Skipped { get; }

    /// <summary>Lists the files that would be read, in natural order.</summary>
    /// <param name="path">
    /// A folder (not searched below), or one file, which is taken whatever its name.
    /// </param>
    /// <param name="ending">
    /// Only files whose name without extension ends so (as Cellpose's --img_filter).
    /// </param>
    /// <param name="skipped">Receives the pictures of kinds that are not read.</param>
    /// <exception cref="SelfAdaptException">UnreadableInput: there is no such folder or file.</exception>
    internal static IReadOnlyList<string> ListFiles(
        string path, string ending, ICollection<SkippedFile> skipped)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(ending);
        ArgumentNullException.ThrowIfNull(skipped);
        if (File.Exists(path) || NumberGrids.IsOne(path))
        {
            return NumberGrids.Fields(path);
        }

        string[] entries;
        try
        {
            entries = [.. Directory.GetFiles(path), .. Directory.GetDirectories(path).Where(NumberGrids.IsOne)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            string reason = Directory.Exists(path) ? e.Message : "there is no such folder or file.";
            throw new SelfAdaptException(ErrorKind.UnreadableInput, path, $"can't be read: {reason}", e);
        }

        List<string> files = [];
        foreach (string file in entries.OrderBy(f => Path.GetFileName(f), NaturalOrder.Instance))
        {
            string stem = Path.GetFileNameWithoutExtension(file);
            if (!stem.EndsWith(ending, StringComparison.Ordinal) || stem.StartsWith('.')
                || ResultEndings.Any(e => stem.EndsWith(e, StringComparison.Ordinal)))
            {
                continue;
            }

            string extension = Path.GetExtension(file);
            if (ImageFile.Extensions.Contains(extension, StringComparer.OrdinalIgnoreCase))
            {
                files.Add(file);
            }
            else if (NumberGrids.IsOne(file))
            {
                files.AddRange(NumberGrids.Fields(file));
            }
            else if (ForeignFormats.WhyNotRead(file) is { } reason)
            {
                skipped.Add(new(file, reason));
            }
        }

        return OmeSet.Leaders(files);
    }

    /// <summary>Reads the usable images of a folder, or of one file, all at once.</summary>
    /// <param name="path">
    /// A folder (not searched below), or one file, which is taken whatever its name.
    /// </param>
    /// <param name="ending">
    /// Only files whose name without extension ends so (as Cellpose's --img_filter).
    /// </param>
    /// <exception cref="SelfAdaptException">
    /// UnreadableInput: there is no such folder or file, or it holds no usable image (the message lists why).
    /// </exception>
    public static ImageFolder Load(string path, string ending = "")
    {
        List<SkippedFile> skipped = [];
        return new ImageFolder([.. Read(path, ending, skipped)], skipped);
    }

    /// <summary>
    /// Reads the usable images of a folder, or of one file, one at a time as they are asked for.
    /// </summary>
    /// <param name="path">
    /// A folder (not searched below), or one file, which is taken whatever its name.
    /// </param>
    /// <param name="ending">
    /// Only files whose name without extension ends so (as Cellpose's --img_filter).
    /// </param>
    /// <param name="skipped">Receives what was passed over, up to the image reached.</param>
    /// <returns>The images in natural order, names unique.</returns>
    /// <exception cref="SelfAdaptException">
    /// While enumerating: UnreadableInput: there is no such folder or file, or, at the end, it held no usable
    /// image
    /// (the message lists why).
    /// </exception>
    /// <param name="level">As in <see cref="ImageFile.ReadAll"/>.</param>
    internal static IEnumerable<NamedImage> Read(
        string path, string ending, ICollection<SkippedFile> skipped, int level = 0)
    {
        ArgumentNullException.ThrowIfNull(skipped);
        HashSet<string> names = new(StringComparer.OrdinalIgnoreCase);
        bool isFolder = Directory.Exists(path);
        foreach (string file in ListFiles(path, ending, skipped))
        {
            foreach (NamedImage image in ReadFile(file, names, skipped, withSet: isFolder, level))
            {
                yield return image;
            }
        }

        if (names.Count == 0)
        {
            throw NothingUsable(path, ending, [.. skipped]);
        }
    }

    /// <summary>Reads the usable images of one file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="names">Names that are taken, whatever their case; receives the new ones.</param>
    /// <param name="skipped">Receives what was passed over.</param>
    /// <param name="withSet">
    /// Whether files of the same set are read, too (those that <see cref="ListFiles"/> left out).
    /// </param>
    /// <param name="level">As in <see cref="ImageFile.ReadAll"/>.</param>
    /// <returns>The images, names unique.</returns>
    /// <exception cref="SelfAdaptException">OutOfMemory: memory does not suffice for the file.</exception>
    internal static IEnumerable<NamedImage> ReadFile(
        string file, ISet<string> names, ICollection<SkippedFile> skipped, bool withSet = false, int level = 0)
    {
        ArgumentNullException.ThrowIfNull(names);
        ArgumentNullException.ThrowIfNull(skipped);
        foreach (NamedImage image in TryReadAll(file, withSet, level, skipped))
        {
            string? filled = MissingPixels.Fill(image.Image, image.NoData);
            if (WhyUnusable(image.Image) is { } reason)
            {
                reason = filled is null ? reason : $"{filled}: there is nothing to see.";
                string page = image.Name == ImageFile.NameOf(file) ? "" : image.Name + ": ";
                skipped.Add(new(file, page + reason));
            }
            else
            {
                yield return image with
                {
                    Name = UniqueName(image.Name, file, names),
                    Note = filled is null || image.Note is null ? filled ?? image.Note : $"{image.Note}; {filled}",
                };
            }
        }
    }

    /// <summary>Reads a file that must hold one usable image.</summary>
    /// <exception cref="SelfAdaptException">UnreadableInput: it does not, or can't be read.</exception>
    internal static NamedImage ReadOne(string file)
    {
        List<SkippedFile> skipped = [];
        NamedImage[] images = [.. ReadFile(file, new HashSet<string>(), skipped)];
        return images.Length == 1
            ? images[0]
            : throw new SelfAdaptException(
                ErrorKind.UnreadableInput, file,
                images.Length == 0
                    ? skipped[0].Reason
                    : $"it holds {images.Length} images (pages, Z slices or time points) where one is needed; save the "
                        + "one that is meant in a file of its own.");
    }

    /// <summary>Reads the planes of a stack, pixels without data filled.</summary>
    /// <returns>Two planes or more, all of one size and number of channels; null for other files.</returns>
    /// <exception cref="SelfAdaptException">
    /// UnreadableInput: the file can't be read, or holds planes of several stacks.
    /// </exception>
    internal static IReadOnlyList<NamedImage>? ReadStack(string file, bool withSet, int level = 0)
    {
        IReadOnlyList<NamedImage> planes = ImageFile.ReadAll(file, withSet, level);
        if (planes.Any(p => !p.IsOfOneStack))
        {
            throw new SelfAdaptException(
                ErrorKind.UnreadableInput, file,
                "it holds several stacks (time points or places with slices), and cells are joined through one. Save each "
                + "stack in a file of its own.");
        }

        return planes.Count > 1 && planes.All(p => p.Image.Height == planes[0].Image.Height
            && p.Image.Width == planes[0].Image.Width && p.Image.Channels == planes[0].Image.Channels)
            ? [.. planes.Select(p => p with { Note = MissingPixels.Fill(p.Image, p.NoData) ?? p.Note })]
            : null;
    }

    /// <summary>A name for results that no other image has.</summary>
    /// <param name="name">The image's own name.</param>
    /// <param name="file">Its file.</param>
    /// <param name="names">Names that are taken, whatever their case; receives the new one.</param>
    public static string UniqueName(string name, string file, ISet<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        if (names.Add(name))
        {
            return name;
        }

        // "a.png" beside "a.tif" would overwrite each other's results: the later one carries its extension
        // too.
        string unique = name + Path.GetExtension(file).Replace('.', '_');
        for (int n = 2; !names.Add(unique); n++)
        {
            unique = FormattableString.Invariant($"{name}_{n}");
        }

        return unique;
    }

    private static IReadOnlyList<NamedImage> TryReadAll(
        string file, bool withSet, int level, ICollection<SkippedFile> skipped)
    {
        try
        {
            return ImageFile.ReadAll(file, withSet, level);
        }
        catch (SelfAdaptException e) when (e.Kind == ErrorKind.UnreadableInput)
        {
            skipped.Add(SkippedFile.Of(file, e));
            return [];
        }
        catch (OutOfMemoryException e)
        {
            throw new SelfAdaptException(
                ErrorKind.OutOfMemory, file,
                $"there is no memory to read it. Close other programs, or take it out of the folder.", e);
        }
    }

    private static string? WhyUnusable(Image image)
    {
        for (int c = 0; c < image.Channels; c++)
        {
            Span<float> plane = image.Plane(c);
            if (plane.ContainsAnyExcept(plane[0]))
            {
                return null;
            }
        }

        return FormattableString.Invariant(
            $"every pixel has the same value ({image.Pixels[0]}): there is nothing to see.");
    }

    /// <summary>The error for a folder without any usable image.</summary>
    /// <param name="path">The folder or file.</param>
    /// <param name="ending">The ending that was asked for.</param>
    /// <param name="skipped">What was passed over.</param>
    internal static SelfAdaptException NothingUsable(
        string path, string ending, IReadOnlyCollection<SkippedFile> skipped)
    {
        const int Shown = 5;
        string filter = ending.Length > 0 ? $" whose name ends in '{ending}'" : string.Empty;
        if (skipped.Count == 0)
        {
            return new(
                ErrorKind.UnreadableInput, path,
                $"holds no image{filter} (.png, .tif, .tiff or .npy; files that end like results, "
                    + $"such "
                + "as _masks, don't count). Name the folder that holds the images.");
        }

        string list = string.Concat(skipped.Take(Shown).Select(s => $"\n  {s.File}: {s.Reason}"));
        string more = skipped.Count > Shown ? $"\n  and {skipped.Count - Shown} more" : string.Empty;
        return new(ErrorKind.UnreadableInput, path, $"holds no usable image{filter}:{list}{more}");
    }
}
