using SelfAdapt.Files;

namespace SelfAdapt.ShallowToDeep.Strokes;

/// <summary>What strokes say of pixels, as the numbers in a label image.</summary>
internal static class StrokeImage
{
    public const int Unknown = 0;

    public const int Background = 1;

    public const int Object = 2;

    /// <summary>The painted pixels and their classes.</summary>
    /// <param name="source">What errors call the strokes.</param>
    /// <exception cref="SelfAdaptException">UnreadableInput: other sizes than the image's, or other numbers.</exception>
    public static (List<int> Places, bool[] Objects) Read(LabelImage strokes, string source, int height, int width)
    {
        if (strokes.Height != height || strokes.Width != width)
        {
            throw new SelfAdaptException(
                ErrorKind.UnreadableInput, source,
                $"the strokes have {strokes.Height}x{strokes.Width} pixels, but their image has {height}x{width}: they lie "
                + "partly outside, or belong to another image.");
        }

        List<int> places = [];
        for (int i = 0; i < strokes.Labels.Length; i++)
        {
            if (strokes.Labels[i] is < 0 or > Object)
            {
                throw new SelfAdaptException(
                    ErrorKind.UnreadableInput, source,
                    $"holds the number {strokes.Labels[i]} at row {i / width}, column {i % width}, but strokes are 0 (not "
                    + "painted), 1 (background) and 2 (object). Masks of cells are no strokes.");
            }

            if (strokes.Labels[i] != Unknown)
            {
                places.Add(i);
            }
        }

        return (places, [.. places.Select(p => strokes.Labels[p] == Object)]);
    }

    /// <summary>Refuses strokes that tell nothing apart.</summary>
    /// <exception cref="SelfAdaptException">UnreadableInput: a class has no pixel.</exception>
    public static void RequireBothClasses(IReadOnlyCollection<bool> objects, string source)
    {
        string? missing = objects.Count == 0 ? "nothing is painted"
            : objects.All(o => o) ? "only objects (2) are painted, no background (1)"
            : objects.All(o => !o) ? "only background (1) is painted, no object (2)"
            : null;
        if (missing is not null)
        {
            throw new SelfAdaptException(
                ErrorKind.UnreadableInput, source, $"{missing}. A few strokes of both are needed.");
        }
    }
}
