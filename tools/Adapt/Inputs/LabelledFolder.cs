using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Segmentation;
using SelfAdapt.Tool.Interaction;

namespace SelfAdapt.Tool.Inputs;

/// <summary>Brings masks and images together by name.</summary>
internal static class LabelledFolder
{
    /// <summary>
    /// The images of a folder that have masks in a folder (the same one or another): NAME or NAME_img with
    /// NAME_masks, NAME_cp_masks or, in a folder of masks alone, NAME.
    /// </summary>
    /// <param name="labels">The folder of masks.</param>
    /// <param name="candidates">Images already read; where masks belong to any of them, only those are used.</param>
    /// <param name="imageFolder">Where images are looked for otherwise; null for nowhere.</param>
    /// <param name="terminal">Where hints go.</param>
    /// <param name="skipped">Receives the pairs that can't be used.</param>
    /// <param name="names">Only these, if given.</param>
    /// <param name="ending">What masks' names end in.</param>
    /// <returns>At least one pair, ordered by name.</returns>
    /// <exception cref="SelfAdaptException">
    /// NoUsableInput: no mask belongs to an image, a name has no pair, or no pair can be used (files that can't be read,
    /// sizes that differ).
    /// </exception>
    public static IReadOnlyList<LabelledImage> Load(
        string labels, IReadOnlyList<NamedImage> candidates, string? imageFolder, SkippedFiles skipped,
        Terminal terminal,
        IReadOnlySet<string>? names = null, string ending = MaskFolder.Ending)
    {
        IReadOnlyDictionary<string, string> masks = MaskFolder.List(labels, MaskFolder.Role.Labels, ending);
        Dictionary<string, Image> read = [];
        foreach (NamedImage image in candidates)
        {
            read.TryAdd(MaskFolder.Key(image.Name), image.Image);
        }

        // A folder with masks of many more images, as public data sets have it, must not turn all of them into work.
        string? searched = masks.Keys.Any(read.ContainsKey) ? null : imageFolder;
        Dictionary<string, string> files = [];
        foreach (string file in searched is null ? []
            : ImageFolder.ListFiles(searched, "", []))
        {
            files.TryAdd(MaskFolder.Key(Path.GetFileNameWithoutExtension(file)), file);
        }

        List<(string Name, string Mask, Func<Image> Image)> found = [];
        foreach ((string name, string file) in masks.Where(m => names is null || names.Contains(m.Key)))
        {
            if (read.TryGetValue(name, out Image? known))
            {
                found.Add((name, file, () => known));
            }
            else if (files.TryGetValue(name, out string? path) && path != file)
            {
                found.Add((name, file, () => ImageFolder.ReadOne(path).Image));
            }
        }

        string? missing =
            names?.Except(found.Select(p => p.Name)).Order(StringComparer.Ordinal).FirstOrDefault();
        if (missing is not null || found.Count == 0)
        {
            throw new SelfAdaptException(
                ErrorKind.UnreadableInput, labels,
                $"{(missing is null ? "none of its masks belongs" : $"no pair for '{missing}':")} "
                + $"to an image{(imageFolder is null ? "" : $" in {imageFolder}")}. NAME_masks belongs to "
                    + $"NAME or NAME_img.");
        }

        List<LabelledImage> pairs = [];
        BinaryMasks reader = BinaryMasks.Look(labels, found.Select(f => f.Mask), terminal);
        skipped.Keep(found, pair => pair.Mask, pair =>
        {
            Image image = pair.Image();
            LabelImage cells = reader.Read(pair.Mask);
            MaskFolder.RequireSameSize((cells.Height, cells.Width), pair.Mask, (image.Height, image.Width), "its image");
            pairs.Add(new LabelledImage(image, cells, pair.Name));
        });
        return pairs;
    }
}
