using System.Runtime.InteropServices;
using System.Text.Json;
using PureHDF;
using PureHDF.Selections;
using PureHDF.VOL.Native;
using SelfAdapt.Files.Grids;

namespace SelfAdapt.Files.Hdf;

/// <summary>A dataset of an HDF5 file, read by PureHDF.</summary>
internal sealed class HdfGrid : INumberGrid
{
    private const int MostObjects = 10_000;

    private readonly string _name;
    private readonly IDisposable _file;
    private readonly IH5Dataset _dataset;

    private HdfGrid(string name, IDisposable file, IH5Dataset dataset)
    {
        (_name, _file, _dataset) = (name, file, dataset);
        Shape = [.. dataset.Space.Dimensions.Select(d => checked((long)d))];
        Chunk = dataset.Layout is { Class: H5DataLayoutClass.Chunked, Chunks: { } chunks } && chunks.Length == Shape.Count
            ? [.. chunks.Select(c => checked((long)c))]
            : [.. Shape.Select((_, a) => a < Shape.Count - 2 ? 1L : Shape[a])];
        Kind = KindOf(dataset) ?? throw Unsupported($"its values are of a kind that is not read ({dataset.Type.Class})");
    }

    public IReadOnlyList<long> Shape { get; }

    public IReadOnlyList<long> Chunk { get; }

    public SampleKind Kind { get; }

    /// <summary>Opens the images of a dataset.</summary>
    /// <exception cref="SelfAdaptException">
    /// UnreadableInput: the file is damaged, there is no such dataset, several where none is named, or it is no picture.
    /// </exception>
    public static IPictureReader Open(string name, HdfPath path)
    {
        NativeFile? opened = null;
        try
        {
            return Guarded(name, () =>
            {
                NativeFile file = H5File.OpenRead(path.File);
                opened = file;
                IH5Dataset dataset = path.Dataset is { } inner ? Named(name, file, inner) : Only(path.File, file);
                HdfGrid grid = new(name, file, dataset);
                string axes = AxesOf(dataset) ?? GridAxes.Guess(grid.Shape) ?? throw grid.Unsupported(
                    $"its {string.Join(" x ", grid.Shape)} values are no picture's, and nothing says what its axes are");
                return new GridPictures("HDF5", name, grid, axes, "HDF5");
            });
        }
        catch
        {
            opened?.Dispose();
            throw;
        }
    }

    public void Read(ReadOnlySpan<long> start, ReadOnlySpan<int> count, byte[] target)
    {
        ulong[] starts = new ulong[start.Length];
        ulong[] blocks = new ulong[start.Length];
        for (int a = 0; a < starts.Length; a++)
        {
            (starts[a], blocks[a]) = ((ulong)start[a], (ulong)count[a]);
        }

        HyperslabSelection box = new(starts.Length, starts, blocks);
        Guarded(_name, () =>
        {
            switch (Kind)
            {
                case SampleKind.UInt8:
                    return Take<byte>(box, target);
                case SampleKind.Int8:
                    return Take<sbyte>(box, target);
                case SampleKind.UInt16:
                    return Take<ushort>(box, target);
                case SampleKind.Int16:
                    return Take<short>(box, target);
                case SampleKind.UInt32:
                    return Take<uint>(box, target);
                case SampleKind.Int32:
                    return Take<int>(box, target);
                case SampleKind.UInt64:
                    return Take<ulong>(box, target);
                case SampleKind.Int64:
                    return Take<long>(box, target);
                case SampleKind.Float16:
                    return Take<Half>(box, target);
                case SampleKind.Float32:
                    return Take<float>(box, target);
                default:
                    return Take<double>(box, target);
            }
        });
    }

    public void Dispose() => _file.Dispose();

    private bool Take<T>(HyperslabSelection box, byte[] target)
        where T : unmanaged
    {
        MemoryMarshal.AsBytes(_dataset.Read<T[]>(fileSelection: box).AsSpan()).CopyTo(target);
        return true;
    }

    /// <summary>Whatever goes wrong within the library is a fault of the file, which it does not say in one way.</summary>
    private static T Guarded<T>(string name, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception e) when (e is not (SelfAdaptException or OutOfMemoryException))
        {
            throw new FileBytes(name, []).Unsupported(
                $"it can't be read as HDF5 ({e.Message.TrimEnd('.')}); save it anew, unpacked or by gzip, or as TIFF");
        }
    }

    private static IH5Dataset Named(string name, NativeFile file, string path) =>
        file.LinkExists(path) && file.Get(path) is IH5Dataset dataset
            ? dataset
            : throw new SelfAdaptException(
                ErrorKind.UnreadableInput, name, $"there is no such dataset in the file; it holds {List(file)}.");

    private static IH5Dataset Only(string path, NativeFile file)
    {
        (string Name, IH5Dataset Dataset)[] pictures =
            [.. Datasets(file).Where(d => d.Dataset.Space.Dimensions.Length >= 2 && KindOf(d.Dataset) is not null)];
        return pictures.Length == 1
            ? pictures[0].Dataset
            : throw new SelfAdaptException(
                ErrorKind.UnreadableInput, path,
                $"name the dataset that is meant, as in {Path.GetFileName(path)}:/NAME; it holds {List(file)}.");
    }

    private static string List(NativeFile file)
    {
        const int Shown = 8;
        string[] names = [.. Datasets(file).Take(Shown + 1).Select(d => $"{d.Name} ({string.Join(" x ", d.Dataset.Space.Dimensions)})")];
        return names.Length == 0 ? "none" : string.Join(", ", names.Take(Shown)) + (names.Length > Shown ? ", and more" : "");
    }

    private static IEnumerable<(string Name, IH5Dataset Dataset)> Datasets(NativeFile root)
    {
        // Links may lead round in circles.
        Stack<(IH5Group Group, string Path)> open = new([(root, "")]);
        for (int seen = 0; open.Count > 0 && seen < MostObjects;)
        {
            (IH5Group group, string at) = open.Pop();
            foreach (IH5Object child in group.Children())
            {
                seen++;
                string name = $"{at}/{child.Name}";
                if (child is IH5Dataset dataset)
                {
                    yield return (name, dataset);
                }
                else if (child is IH5Group below)
                {
                    open.Push((below, name));
                }
            }
        }
    }

    private static SampleKind? KindOf(IH5Dataset dataset)
    {
        IH5DataType type = dataset.Type;
        return (type.Class, type.Size) switch
        {
            (H5DataTypeClass.FixedPoint, 1) => type.FixedPoint.IsSigned ? SampleKind.Int8 : SampleKind.UInt8,
            (H5DataTypeClass.FixedPoint, 2) => type.FixedPoint.IsSigned ? SampleKind.Int16 : SampleKind.UInt16,
            (H5DataTypeClass.FixedPoint, 4) => type.FixedPoint.IsSigned ? SampleKind.Int32 : SampleKind.UInt32,
            (H5DataTypeClass.FixedPoint, 8) => type.FixedPoint.IsSigned ? SampleKind.Int64 : SampleKind.UInt64,
            (H5DataTypeClass.FloatingPoint, 2) => SampleKind.Float16,
            (H5DataTypeClass.FloatingPoint, 4) => SampleKind.Float32,
            (H5DataTypeClass.FloatingPoint, 8) => SampleKind.Float64,
            _ => null,
        };
    }

    /// <summary>The axes as ilastik writes them beside a dataset; null where it did not.</summary>
    private static string? AxesOf(IH5Dataset dataset)
    {
        const string Attribute = "axistags";
        if (!dataset.AttributeExists(Attribute))
        {
            return null;
        }

        try
        {
            JsonElement tags = JsonDocument.Parse(dataset.Attribute(Attribute).Read<string>()).RootElement;
            string axes = string.Concat(tags.GetProperty("axes").EnumerateArray().Select(a => a.GetProperty("key").GetString()));
            return GridAxes.AreThose(axes) ? axes : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return null;
        }
    }

    private SelfAdaptException Unsupported(string reason) => new(ErrorKind.UnreadableInput, _name, $"{reason}.");
}
