namespace SelfAdapt.Segmentation.Packages;

/// <summary>What a BioImage.IO package says beside what the model file tells.</summary>
/// <param name="Name">The model's name: 5 to 128 letters, digits, blanks and _ + - ( ).</param>
/// <param name="Description">One or two sentences, at most 1,024 characters.</param>
/// <param name="Authors">Who made the model; may be empty.</param>
/// <param name="Licence">An SPDX identifier; null if it is not known.</param>
/// <param name="Metadata">Further facts, kept under "config".</param>
internal sealed record PackageRequest(
    string Name, string Description, IReadOnlyList<string> Authors, string? Licence, SegmentationOptions Preparation,
    IReadOnlyList<string> Validation, DateTimeOffset Time, IReadOnlyDictionary<string, string> Metadata)
{
    internal const int ShortestName = 5;
    internal const int LongestName = 128;
    internal const int LongestDescription = 1024;

    public static bool IsName(string name)
    {
        return name.Length is >= ShortestName and <= LongestName
            && !name.AsSpan().ContainsAnyExcept(NameCharacters);
    }

    private static System.Buffers.SearchValues<char> NameCharacters { get; } = System.Buffers.SearchValues.Create(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+- ()");
}
