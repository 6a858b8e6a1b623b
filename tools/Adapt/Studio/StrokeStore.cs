using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.ShallowToDeep.Strokes;
using SelfAdapt.Tool.Inputs;

namespace SelfAdapt.Tool.Studio;

/// <summary>A rectangle of strokes as it is painted over what was there.</summary>
internal sealed record StrokePatch(int Top, int Left, int Height, int Width, ReadOnlyMemory<byte> Labels);

/// <summary>What is painted on an image.</summary>
/// <param name="Name">The image's name in the order of strokes: its own without an ending _img.</param>
/// <param name="Index">The file's place among the images.</param>
/// <param name="Plane">The place within a stack.</param>
/// <param name="Places">The painted pixels.</param>
/// <param name="Objects">Of each, whether it is an object's.</param>
internal sealed record PaintedImage(string Name, int Index, int Plane, IReadOnlyList<int> Places, bool[] Objects)
{
    /// <summary>Changes with every stroke on the image.</summary>
    public long Version { get; init; }

    /// <summary>Painted pixels of objects.</summary>
    public int ObjectPixels { get; } = Objects.Count(o => o);

    public int BackgroundPixels => Objects.Length - ObjectPixels;
}

/// <summary>
/// The strokes of a project, a label image for each painted image, as the verb strokes takes them; each stroke is on the
/// disk before it is answered.
/// </summary>
internal sealed class StrokeStore
{
    private const long LabelBytes = 128L << 20;

    private readonly Lock _lock = new();
    private readonly string _folder;
    private readonly StudioImages _images;
    private readonly BoundedCache<string, byte[]> _labels = new(LabelBytes);
    private readonly SortedDictionary<string, PaintedImage> _painted = new(StringComparer.Ordinal);

    /// <summary>Reads what is there; strokes that can't be read are named when their image is looked at.</summary>
    public StrokeStore(string folder, StudioImages images)
    {
        (_folder, _images) = (folder, images);
        Dictionary<string, int> byName = new(StringComparer.Ordinal);
        foreach ((int i, string file) in images.Files.Index())
        {
            byName.TryAdd(Path.GetFileNameWithoutExtension(file), i);
        }

        string[] names = Directory.Exists(folder)
            ? [.. Directory.GetFiles(folder, "*" + StrokeFolder.Ending + ".png")
                .Select(f => Path.GetFileNameWithoutExtension(f)[..^StrokeFolder.Ending.Length])]
            : [];
        foreach (int index in names.Select(n => byName.GetValueOrDefault(n, byName.GetValueOrDefault(StrokeFolder.StackOf(n), -1)))
            .Where(i => i >= 0).Distinct())
        {
            Restore(index);
        }
    }

    /// <summary>Grows with every stroke.</summary>
    public long Version { get; private set; }

    /// <summary>The folder, for the verb's --strokes.</summary>
    public string Folder => _folder;

    /// <summary>The painted images, in the order in which the verb takes them.</summary>
    public IReadOnlyList<PaintedImage> Painted
    {
        get
        {
            lock (_lock)
            {
                return [.. _painted.Values];
            }
        }
    }

    /// <summary>An image's strokes, [height, width]; nothing but zeros where none are painted.</summary>
    /// <exception cref="SelfAdaptException">UnreadableInput: the file on the disk is damaged, or of another size.</exception>
    public byte[] Read(int index, NamedImage image)
    {
        lock (_lock)
        {
            return FirstNamed(index) == index ? [.. Labels(image)] : new byte[image.Image.Height * image.Image.Width];
        }
    }

    /// <summary>Paints a rectangle.</summary>
    /// <returns>What is painted on the image now.</returns>
    /// <exception cref="SelfAdaptException">
    /// InvalidOption: the rectangle lies outside, or holds other numbers; another image has the same name.
    /// OutputNotWritable: the disk is full or protected.
    /// </exception>
    public PaintedImage Change(int index, int plane, NamedImage image, StrokePatch patch)
    {
        if ((long)patch.Top + patch.Height > image.Image.Height || (long)patch.Left + patch.Width > image.Image.Width
            || patch.Labels.Length != (long)patch.Height * patch.Width
            || patch.Labels.Span.ContainsAnyExceptInRange((byte)StrokeImage.Unknown, (byte)StrokeImage.Object))
        {
            throw new SelfAdaptException(ErrorKind.InvalidOption, "These are no strokes on this image.");
        }

        lock (_lock)
        {
            RequireOwnName(index);
            byte[] labels = Labels(image);
            byte[] before = Exchange(labels, image.Image.Width, patch);
            try
            {
                Save(image, labels);
            }
            catch (SelfAdaptException)
            {
                // What is not on the disk is not painted.
                Exchange(labels, image.Image.Width, patch with { Labels = before });
                throw;
            }

            return Keep(index, plane, image, labels);
        }
    }

    /// <summary>Puts a rectangle in.</summary>
    /// <returns>What was there.</returns>
    private static byte[] Exchange(byte[] labels, int width, StrokePatch patch)
    {
        byte[] before = new byte[patch.Height * patch.Width];
        for (int y = 0; y < patch.Height; y++)
        {
            Span<byte> row = labels.AsSpan(((patch.Top + y) * width) + patch.Left, patch.Width);
            row.CopyTo(before.AsSpan(y * patch.Width));
            patch.Labels.Span.Slice(y * patch.Width, patch.Width).CopyTo(row);
        }

        return before;
    }

    private byte[] Labels(NamedImage image) => _labels.Get(image.Name, () => Load(image), l => l.Length);

    private void Restore(int index)
    {
        try
        {
            foreach ((int plane, NamedImage image) in _images.Read(index).Index())
            {
                if (File.Exists(StrokeFolder.FileOf(_folder, image.Name)))
                {
                    Keep(index, plane, image, Labels(image));
                }
            }
        }
        catch (SelfAdaptException)
        {
            // The page says it of the image; the others' strokes are there.
        }
    }

    private byte[] Load(NamedImage image)
    {
        (int height, int width) = (image.Image.Height, image.Image.Width);
        string file = StrokeFolder.FileOf(_folder, image.Name);
        if (!File.Exists(file))
        {
            return new byte[height * width];
        }

        LabelImage found = LabelFile.Read(file);
        StrokeImage.Read(found, file, height, width);
        return Array.ConvertAll(found.Labels, l => (byte)l);
    }

    private void Save(NamedImage image, byte[] labels)
    {
        string file = StrokeFolder.FileOf(_folder, image.Name);
        if (labels.AsSpan().ContainsAnyExcept((byte)StrokeImage.Unknown))
        {
            Directory.CreateDirectory(_folder);
            OutputFile.Write(file, PngPicture.Encode(image.Image.Height, image.Image.Width, labels));
        }
        else
        {
            OutputFile.Delete(file);
        }
    }

    private PaintedImage Keep(int index, int plane, NamedImage image, byte[] labels)
    {
        List<int> places = [];
        for (int at = 0; ; at++)
        {
            int next = labels.AsSpan(at).IndexOfAnyExcept((byte)StrokeImage.Unknown);
            if (next < 0)
            {
                break;
            }

            places.Add(at += next);
        }

        string name = MaskFolder.Key(image.Name);
        PaintedImage painted = new(name, index, plane, places, [.. places.Select(p => labels[p] == StrokeImage.Object)])
        {
            Version = ++Version,
        };
        if (places.Count > 0)
        {
            _painted[name] = painted;
        }
        else
        {
            _painted.Remove(name);
        }

        return painted;
    }

    private void RequireOwnName(int index)
    {
        int first = FirstNamed(index);
        if (first != index)
        {
            throw new SelfAdaptException(
                ErrorKind.InvalidOption,
                $"{Path.GetFileName(_images.Files[first])} has the same name, and strokes go by names: paint on that one.");
        }
    }

    /// <summary>The image that a name's strokes belong to: of "a.png" and "a.tif" only the first can carry them.</summary>
    private int FirstNamed(int index)
    {
        string name = NameOf(_images.Files[index]);
        return _images.Files.TakeWhile(f => NameOf(f) != name).Count();

        static string NameOf(string file) => MaskFolder.Key(Path.GetFileNameWithoutExtension(file));
    }
}
