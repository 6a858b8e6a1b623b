using System.Text.Json;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Files.Npy;

namespace SelfAdapt.Fuzz;

/// <summary>What the program reads of every file of a folder, for tests/formats/compare.py.</summary>
internal static class DecodedImages
{
    /// <summary>Writes each image as NPY and tells of each file in a line of JSON.</summary>
    /// <param name="folder">Searched below, too.</param>
    /// <param name="output">Receives 0.0.npy, 0.1.npy and so on: the images of the first file.</param>
    public static int Write(string folder, string output, TextWriter lines)
    {
        Directory.CreateDirectory(output);
        string[] files =
            [.. Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
        for (int i = 0; i < files.Length; i++)
        {
            IReadOnlyList<NamedImage> images = [];
            string? refused = null;
            try
            {
                images = ImageFile.ReadAll(files[i]);
            }
            catch (SelfAdaptException e)
            {
                refused = e.Message;
            }

            for (int n = 0; n < images.Count; n++)
            {
                Image image = images[n].Image;
                File.WriteAllBytes(
                    Path.Combine(output, $"{i}.{n}.npy"),
                    NpyFile.Encode(image.Pixels, image.Channels, image.Height, image.Width));
            }

            string? note = images.Count > 0 ? images[0].Note : null;
            lines.WriteLine(JsonSerializer.Serialize(
                new { file = files[i], number = i, images = images.Count, refused, note }));
        }

        return 0;
    }
}
