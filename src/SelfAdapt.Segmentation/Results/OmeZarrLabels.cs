using System.Runtime.InteropServices;
using System.Text;
using SelfAdapt.Files;

namespace SelfAdapt.Segmentation.Results;

/// <summary>Masks as the labels group of an OME-Zarr 0.4 store: labels/cells, 32-bit numbers in zlib chunks.</summary>
internal static class OmeZarrLabels
{
    /// <summary>The file that is written last: with it the store is whole.</summary>
    public const string Last = ".zgroup";

    private const int Chunk = 1024;
    private const string Group = """{"zarr_format":2}""";
    private const string Cells = "labels/cells";

    /// <summary>The store's files, in the order in which they are to be written.</summary>
    /// <returns>Paths within the store, with slashes, and contents.</returns>
    public static IEnumerable<(string Path, byte[] Content)> Files(LabelImage masks)
    {
        int[] chunk = new int[Chunk * Chunk];
        for (int top = 0; top < masks.Height; top += Chunk)
        {
            for (int left = 0; left < masks.Width; left += Chunk)
            {
                Array.Clear(chunk);
                int width = Math.Min(Chunk, masks.Width - left);
                for (int y = 0; y < Math.Min(Chunk, masks.Height - top); y++)
                {
                    masks.Labels.AsSpan(((top + y) * masks.Width) + left, width).CopyTo(chunk.AsSpan(y * Chunk));
                }

                SampleBuffer.ToMachineOrder(MemoryMarshal.AsBytes(chunk.AsSpan()), sizeof(int), bigEndian: false);
                yield return (
                    FormattableString.Invariant($"{Cells}/0/{top / Chunk}/{left / Chunk}"),
                    Inflater.Deflate(MemoryMarshal.AsBytes(chunk.AsSpan())));
            }
        }

        yield return Text($"{Cells}/0/.zarray", FormattableString.Invariant(
            $$"""
            {"zarr_format":2,"shape":[{{masks.Height}},{{masks.Width}}],"chunks":[{{Chunk}},{{Chunk}}],"dtype":"<i4","order":"C",
            "compressor":{"id":"zlib","level":6},"fill_value":0,"filters":null,"dimension_separator":"/"}
            """));
        yield return Text(
            $"{Cells}/.zattrs",
            """
            {"multiscales":[{"version":"0.4","name":"cells","axes":[{"name":"y","type":"space"},{"name":"x","type":"space"}],
            "datasets":[{"path":"0","coordinateTransformations":[{"type":"scale","scale":[1.0,1.0]}]}]}],
            "image-label":{"version":"0.4"}}
            """);
        yield return Text($"{Cells}/.zgroup", Group);
        yield return Text("labels/.zattrs", """{"labels":["cells"]}""");
        yield return Text("labels/.zgroup", Group);
        yield return Text(Last, Group);
    }

    private static (string Path, byte[] Content) Text(string path, string content) => (path, Encoding.ASCII.GetBytes(content));
}
