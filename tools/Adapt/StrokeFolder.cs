using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.ShallowToDeep.Features;
using SelfAdapt.ShallowToDeep.Forest;
using SelfAdapt.ShallowToDeep.Strokes;

namespace SelfAdapt.Tool;

/// <summary>Strokes in a folder, by the names of their images: NAME_strokes.*, or NAME.* where there are only strokes.</summary>
internal static class StrokeFolder
{
    public const string Ending = "_strokes";

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
        foreach ((string name, string file) in MaskFolder.List(folder, MaskFolder.Role.Labels, Ending)
            .Where(s => !images.ContainsValue(s.Value)))
        {
            cancel.ThrowIfCancellationRequested();
            if (!images.TryGetValue(name, out string? path))
            {
                throw new SelfAdaptException(
                    ErrorKind.UnreadableInput, file,
                    "these strokes belong to none of the images: NAME_strokes belongs to NAME or NAME_img.");
            }

            Image image = ImageFolder.ReadOne(path).Image;
            (List<int> places, bool[] objects) = StrokeImage.Read(LabelFile.Read(file), file, image.Height, image.Width);
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
}
