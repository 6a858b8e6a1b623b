using SelfAdapt.Files;

namespace SelfAdapt.Tool.Segmenting;

/// <summary>The tables of a whole run: a line per image, and a line per cell where each image has a table of its cells.</summary>
internal static class SegmentTables
{
    /// <summary>The table of images.</summary>
    public const string Images = "selfadapt_images.csv";

    /// <summary>The table of cells.</summary>
    public const string Cells = "selfadapt_cells.csv";

    /// <summary>Writes them into a folder.</summary>
    /// <param name="images">What was segmented, in order.</param>
    /// <exception cref="SelfAdaptException">
    /// OutputNotWritable: a table can't be written. UnreadableInput: an image's own can't be read.
    /// </exception>
    public static void Write(string folder, IReadOnlyList<SegmentedImage> images)
    {
        WriteTable(folder, Images, writer =>
        {
            writer.WriteLine("image,file,cells");
            foreach (SegmentedImage image in images)
            {
                writer.WriteLine($"{Field(NameOf(folder, image))},{Field(Path.GetFileName(image.File))},{image.Cells}");
            }
        });
        (SegmentedImage Image, string Table)[] tables =
        [
            .. from image in images
               from table in image.Files.Where(f => f == SegmentationFormats.PathOf(StemOf(image), ResultKind.Csv))
               select (image, table),
        ];
        if (tables.Length == 0)
        {
            return;
        }

        // Images with fewer channels have fewer columns.
        string[] heads = [.. tables.Select(t => Lines(t.Table)[0]).Distinct()];
        string head = heads.MaxBy(h => h.Count(c => c == ','))!;
        int commas = head.Count(c => c == ',');
        WriteTable(folder, Cells, writer =>
        {
            writer.WriteLine("image," + head);
            foreach ((SegmentedImage image, string table) in tables)
            {
                string name = Field(NameOf(folder, image));
                foreach (string line in Lines(table).Skip(1))
                {
                    writer.WriteLine($"{name},{line}{new string(',', commas - line.Count(c => c == ','))}");
                }
            }
        });
    }

    private static string StemOf(SegmentedImage image) => Path.Combine(Path.GetDirectoryName(image.Files[0]) ?? "", image.Name);

    /// <summary>An image's name; behind that of its folder where it has one of its own.</summary>
    private static string NameOf(string folder, SegmentedImage image) =>
        Path.GetRelativePath(folder, StemOf(image)).Replace(Path.DirectorySeparatorChar, '/');

    private static string Field(string text) =>
        text.AsSpan().IndexOfAny(",\"\r\n") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static string[] Lines(string table)
    {
        try
        {
            return File.ReadAllLines(table);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SelfAdaptException(ErrorKind.UnreadableInput, table, $"can't be read: {e.Message}", e);
        }
    }

    private static void WriteTable(string folder, string name, Action<StreamWriter> write) =>
        OutputFile.Write(Path.Combine(folder, name), stream =>
        {
            using StreamWriter writer = new(stream, leaveOpen: true) { NewLine = "\n" };
            write(writer);
        });
}
