namespace SelfAdapt.Segmentation.Streaming;

/// <summary>How far the masks of a streamed image are, so that a broken-off run can go on from there.</summary>
/// <param name="Top">Rows whose labels are final.</param>
/// <param name="CoreTop">Rows whose cells were looked for.</param>
/// <param name="Begun">[rows, width]: the labels so far of the rows from <paramref name="Top"/> on.</param>
internal sealed record MaskProgress(int Top, int CoreTop, int Cells, int[] Begun);
