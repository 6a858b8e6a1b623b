using System.Text;
using SelfAdapt.Files;
using SelfAdapt.Files.Npy;
using SelfAdapt.Models.Torch;
using SelfAdapt.Segmentation.Masks;

namespace SelfAdapt.Segmentation.Results;

/// <summary>What a _seg.npy holds besides the masks.</summary>
/// <param name="ImageFile">The image's path, which Cellpose's window opens along with the masks.</param>
/// <param name="Flows">
/// The network's planes dY, dX, cellprob at the masks' size, from which Cellpose's window makes masks anew when its
/// thresholds are moved; null to leave them out.
/// </param>
internal sealed record SegFileContext(string ImageFile, ChannelPair Channels, double Diameter, Image? Flows);

/// <summary>
/// Cellpose's _seg.npy, which its window opens: an array file that holds one pickled dictionary with the entries
/// outlines, masks, chan_choose, ismanual, filename, diameter and flows (docs/cellpose.md 7). Only plain
/// arrays, numbers and text are pickled, and none is ever read.
/// </summary>
internal static class CellposeSegFile
{
    // All entries of one file stay below the 2 GB that one buffer holds.
    public const long MostPixels = 60_000_000;

    public static void Write(string path, LabelImage masks, SegFileContext context)
    {
        if (masks.Labels.Length > MostPixels)
        {
            throw new SelfAdaptException(
                ErrorKind.OutputNotWritable, path,
                $"an image of {masks.Labels.Length:N0} pixels is too large for a _seg.npy, which holds up to "
                + $"{MostPixels:N0}. Write the masks as TIFF.");
        }

        byte[] pickle = Pickle(masks, context);
        OutputFile.Write(path, stream =>
        {
            WriteHeader(stream);
            stream.Write(pickle);
        });
    }

    private static void WriteHeader(Stream stream)
    {
        const int Prefix = 10;
        const int Alignment = 64;
        const string Text = "{'descr': '|O', 'fortran_order': False, 'shape': (), }";
        int length = ((Prefix + Text.Length + Alignment) / Alignment * Alignment) - Prefix;
        stream.Write([.. NpyHeader.Signature, 1, 0, (byte)length, (byte)(length >> 8)]);
        stream.Write(Encoding.ASCII.GetBytes(Text.PadRight(length - 1) + "\n"));
    }

    private static byte[] Pickle(LabelImage masks, SegFileContext context)
    {
        int cells = masks.Labels.Max();
        bool[] rim = CellGeometry.OutlinePixels(masks);
        int[] outlines = [.. masks.Labels.Select((label, i) => rim[i] ? label : 0)];
        PickleWriter pickle = new(protocol: 3);
        NumpyPickle.Scalar(pickle, () =>
        {
            pickle.Op(PickleOpcodes.EmptyDict);
            pickle.Op(PickleOpcodes.Mark);
            pickle.Text("outlines");
            Labels(pickle, masks, outlines, cells);
            pickle.Text("masks");
            Labels(pickle, masks, masks.Labels, cells);
            pickle.Text("chan_choose");
            List(pickle, () =>
            {
                pickle.Int(context.Channels.First);
                pickle.Int(context.Channels.Second);
            });
            pickle.Text("ismanual");
            NumpyPickle.Array(pickle, "b1", [cells], new byte[cells]);
            pickle.Text("filename");
            pickle.Text(context.ImageFile);
            pickle.Text("diameter");
            pickle.Double(context.Diameter);
            if (context.Flows is { } flows)
            {
                pickle.Text("flows");
                Flows(pickle, flows);
            }

            pickle.Op(PickleOpcodes.SetItems);
        });
        return pickle.Finish();
    }

    private static void Labels(PickleWriter pickle, LabelImage masks, int[] labels, int cells)
    {
        long[] shape = [masks.Height, masks.Width];
        if (cells < ushort.MaxValue)
        {
            NumpyPickle.Array(
                pickle, "u2", shape, NumpyPickle.Raw(Array.ConvertAll(labels, label => (ushort)label)));
        }
        else
        {
            NumpyPickle.Array(pickle, "u4", shape, NumpyPickle.Raw(labels));
        }
    }

    /// <summary>What Cellpose's window shows (flow as colour, cell probability, z), and the planes.</summary>
    private static void Flows(PickleWriter pickle, Image flows)
    {
        FlowPicture picture = FlowPicture.Of(flows);
        (long height, long width) = (flows.Height, flows.Width);
        List(pickle, () =>
        {
            NumpyPickle.Array(pickle, "u1", [1, height, width, 3], picture.Colours);
            NumpyPickle.Array(pickle, "u1", [1, height, width], picture.Probability);
            NumpyPickle.Array(pickle, "u1", [1, height, width], new byte[height * width]);
            pickle.Op(PickleOpcodes.EmptyList);
            NumpyPickle.Array(pickle, "f4", [3, height, width], NumpyPickle.Raw(flows.Pixels));
        });
    }

    private static void List(PickleWriter pickle, Action items)
    {
        pickle.Op(PickleOpcodes.EmptyList);
        pickle.Op(PickleOpcodes.Mark);
        items();
        pickle.Op(PickleOpcodes.Appends);
    }
}
