using System.IO.Compression;
using SelfAdapt.Tool.Viewer;

namespace SelfAdapt.Tool.Studio;

/// <summary>The files of a folder as one zip file, made while it is sent.</summary>
internal static class ResultArchive
{
    public static LocalResponse Of(string folder, string name) => new LocalResponse(200, "application/zip", []) with
    {
        More = [("Content-Disposition", $"attachment; filename=\"{name}.zip\"")],
        Stream = (body, aborted) => WriteAsync(folder, body, aborted),
    };

    private static async Task WriteAsync(string folder, Stream body, CancellationToken aborted)
    {
        ZipArchive archive = await ZipArchive.CreateAsync(body, ZipArchiveMode.Create, leaveOpen: true, null, aborted)
            .ConfigureAwait(false);
        await using (archive.ConfigureAwait(false))
        {
            foreach (string file in Directory.GetFiles(folder).Where(f => new FileInfo(f).LinkTarget is null).Order(StringComparer.Ordinal))
            {
                await archive.CreateEntryFromFileAsync(file, Path.GetFileName(file), CompressionLevel.Fastest, aborted)
                    .ConfigureAwait(false);
            }
        }
    }
}
