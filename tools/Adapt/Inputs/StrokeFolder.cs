using System.Text.RegularExpressions;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Files.Regions;
using SelfAdapt.ShallowToDeep.Features;
using SelfAdapt.ShallowToDeep.Forest;
using SelfAdapt.ShallowToDeep.Strokes;

namespace SelfAdapt.Tool.Inputs;

/// <summary>
/// Strokes in a folder, by the names of their images: NAME_strokes.*, or NAME.* where there are only strokes; those of a
/// stack's plane are NAME_pNNNN_strokes.*. They are label images, or regions of ImageJ.
/// </summary>
internal static partial class StrokeFolder
{
    public const string Ending = "_strokes";

    /// <summary>The file of an image's strokes.</summary>
    /// <param name="name">The image's name.</param>
    public static string FileOf(string folder, string name) => Path.Combine(folder, name + Ending + ".png");

    /// <summary>The name of the stack that a plane's name is of; another name as it is.</summary>
    public static string StackOf(string name) => PlaneEnding().Replace(name, "");

    /// <summary>The files of a folder of images, without strokes that lie among them.</summary>
    public static IReadOnlyList<string> Images(string folder, SkippedFiles skipped) =>
    [
        .. ImageFolder.ListFiles(folder, "", skipped)
            .Where(f => !Path.GetFileNameWithoutExtension(f).EndsWith(Ending, StringComparison.Ordinal)),
    ];

    /// <summary>Learns a forest from all strokes of a folder.</summary>
    /// <param name="threads">Told an image, how many threads may read its features.</param>
    /// <exception cref="SelfAdaptException">
    /// UnreadableInput: strokes without an image, of another size, with other numbers, or of one class only.
    /// </exception>
    public static (RandomForest Forest, int Pixels, int Objects) Learn(
        string folder, IReadOnlyList<string> imageFiles, FeatureSet set, ForestOptions options,
        Func<Image, string, int> threads, CancellationToken cancel)
    {
        Dictionary<string, string> images = [];
        foreach (string file in imageFiles)
        {
            images.TryAdd(MaskFolder.Key(Path.GetFileNameWithoutExtension(file)), file);
        }

        List<TrainingPixels> parts = [];
        int most = 1;
        foreach ((string name, string file) in MaskFolder.List(folder, MaskFolder.Role.Labels, Ending, ImageJRegion.IsName)
            .Where(s => !images.ContainsValue(s.Value)))
        {
            cancel.ThrowIfCancellationRequested();
            string? path = images.GetValueOrDefault(name) ?? images.GetValueOrDefault(StackOf(name));
            if (path is null)
            {
                throw new SelfAdaptException(
                    ErrorKind.UnreadableInput, file,
                    "these strokes belong to none of the images: NAME_strokes belongs to NAME or NAME_img.");
            }

            Image image = Find(path, name).Image;
            LabelImage strokes = ImageJRegion.IsName(file)
                ? RegionStrokes.Draw(ImageJRegion.Read(file), file, image.Height, image.Width)
                : LabelFile.Read(file);
            (List<int> places, bool[] objects) = StrokeImage.Read(strokes, file, image.Height, image.Width);
            if (places.Count > 0)
            {
                most = Math.Max(most, threads(image, path));
                parts.Add(PixelReader.Read(
                    FeatureImage.From(image, path), set, places, objects, threads(image, path), cancel));
            }
        }

        TrainingPixels pixels = TrainingPixels.Join(parts, set.Columns);
        StrokeImage.RequireBothClasses(pixels.Object, folder);
        return (RandomForest.Train(set, pixels, options, most, cancel), pixels.Count, pixels.Object.Count(o => o));
    }

    /// <summary>The image of a file, or the plane of its stack, that strokes belong to.</summary>
    private static NamedImage Find(string file, string name)
    {
        List<SkippedFile> skipped = [];
        NamedImage[] images = [.. ImageFolder.ReadFile(file, new HashSet<string>(), skipped, withSet: true)];
        return images.FirstOrDefault(i => MaskFolder.Key(i.Name) == name)
            ?? throw new SelfAdaptException(
                ErrorKind.UnreadableInput, file,
                images.Length == 0 ? skipped[0].Reason
                    : $"it holds {images.Length} planes, and the strokes don't say of which they are: name them "
                    + $"{images[0].Name}{Ending}.png, and so on.");
    }

    [GeneratedRegex("_p[0-9]{4,}$")]
    private static partial Regex PlaneEnding();
}
